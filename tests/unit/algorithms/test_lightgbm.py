from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.algorithms.panels import Recorder, fit, panel, span
from tidebook.algorithms import registry
from tidebook.algorithms.seasonal_naive import repeat_season
from tidebook.boosting.design import Design
from tidebook.boosting.rows import Rows
from tidebook.core.errors import DataFault, InvalidInput
from tidebook.data.panel import Panel

SERIES = np.arange(3, dtype=np.int64)
ORIGIN = np.full(3, 106, dtype=np.int64)
DATA = panel()


def trained(context: Recorder | None = None, data: Panel = DATA, **values: Any) -> Any:
    return fit("lightgbm", data, span(), context, **{"n_estimators": 40, **values})


def error(point: Any) -> float:
    return float(np.abs(point - DATA.target[:, 106:120]).sum())


def row(data: Panel, day: int, *, origin: int = 100, end: int = 107, reach: int = 7) -> dict[str, float]:
    """The row of the first series."""
    rows = Rows(Design.fit(data, span(), reach), data)
    one = [np.array([value], dtype=np.int64) for value in (0, origin, day, end)]
    return dict(zip(rows.names, rows.make(*one)[0][0].tolist(), strict=True))


def test_it_beats_the_last_season_where_promotions_move_sales() -> None:
    fitted = trained(n_estimators=300, rows=20_000)
    assert error(fitted.forecast(DATA, SERIES, ORIGIN, 14).point) < 0.6 * error(
        repeat_season(DATA, SERIES, ORIGIN, 14, 7)
    )


def test_its_curves_have_a_point_every_ten_trees_and_one_at_the_end() -> None:
    context = Recorder()
    trained(context, n_estimators=25, patience=100)
    assert [tree for tree, _ in context.reports] == [10, 20, 25]
    losses = [metrics["train_loss"] for _, metrics in context.reports]
    assert losses == sorted(losses, reverse=True)
    assert all(set(metrics) == {"train_loss", "val_loss"} for _, metrics in context.reports)
    assert context.steps[-1]["epoch"] == context.steps[-1]["epochs"] == 25


def test_it_keeps_the_trees_up_to_the_best() -> None:
    fitted = trained(n_estimators=400, learning_rate=0.5, patience=10)
    training = fitted.state().config["training"]
    assert training["stopped"] == "patience"
    assert training["total_epochs_trained"] == training["best_epoch"] + 10
    text = fitted.state().weights["booster_0"].numpy().tobytes().decode()
    assert text.count("\nTree=") == training["best_epoch"]


def test_it_ends_when_asked_to() -> None:
    context = Recorder()
    context.stop = lambda: len(context.steps) >= 5
    assert trained(context).state().config["training"]["stopped"] == "stop"
    assert len(context.steps) == 6


def test_it_ends_at_the_deadline_with_what_it_has() -> None:
    fitted = trained(Recorder(deadline=time.monotonic()))
    assert fitted.state().config["training"]["stopped"] == "deadline"
    assert np.isfinite(fitted.forecast(DATA, SERIES, ORIGIN, 7).values).all()


def test_another_seed_makes_another_model() -> None:
    one, other = (trained(Recorder(seed=seed)).state().weights["booster_0"].numpy().tobytes() for seed in (1, 2))
    assert one != other


@pytest.mark.parametrize("loss", ["mae", "huber", "mse", "quantile", "poisson", "tweedie"])
def test_every_loss_trains_and_forecasts_in_original_units(loss: str) -> None:
    forecast = trained(loss=loss).forecast(DATA, SERIES, ORIGIN, 14)
    assert (np.diff(forecast.values, axis=-1) >= 0).all()
    assert error(forecast.point) < 0.5 * DATA.target[:, 106:120].sum()


def test_quantiles_hold_about_what_they_say() -> None:
    forecast = trained(loss="quantile", n_estimators=100).forecast(DATA, SERIES, ORIGIN, 14)
    assert forecast.quantiles == (0.025, 0.1, 0.5, 0.9, 0.975)
    opened = DATA.known[:, 106:120, 0] > 0
    inside = (forecast.values[..., 0] <= DATA.target[:, 106:120]) & (DATA.target[:, 106:120] <= forecast.values[..., 4])
    assert inside[opened].mean() > 0.6


def test_returns_do_not_stop_a_loss_of_counts() -> None:
    target = DATA.target.copy()
    target[0, 20] = -5
    assert np.isfinite(trained(data=replace(DATA, target=target), loss="poisson").state().config["validation"]["wape"])


def test_a_forecast_reads_no_covariate_beyond_its_last_day() -> None:
    fitted = trained()
    known = DATA.known.copy()
    known[:, 113:] = 1 - known[:, 113:]
    np.testing.assert_array_equal(
        fitted.forecast(DATA, SERIES, ORIGIN, 7).values,
        fitted.forecast(replace(DATA, known=known), SERIES, ORIGIN, 7).values,
    )


def test_series_and_texts_it_never_saw_get_a_forecast() -> None:
    texts = replace(
        DATA,
        known=np.concatenate([DATA.known, (np.arange(120) % 3)[None, :, None].repeat(3, axis=0)], axis=-1).astype(
            np.float32
        ),
        known_names=(*DATA.known_names, "event"),
        categories={"event": ("none", "fair", "market")},
    )
    fitted = trained(data=texts)
    known = texts.known.copy()
    known[:, 106:, 2] = 3
    stranger = replace(texts, keys=tuple(replace(key, store_id=f"N{key.store_id}") for key in texts.keys), known=known)
    assert np.isfinite(fitted.forecast(stranger, SERIES, ORIGIN, 7).values).all()


def test_a_panel_with_other_covariates_is_refused() -> None:
    other = replace(DATA, known=DATA.known[:, :, :1], known_names=("open",))
    with pytest.raises(InvalidInput, match=r"known-future covariates .*open, promo"):
        trained().forecast(other, SERIES, ORIGIN, 7)


def test_no_more_rows_are_drawn_than_asked_for() -> None:
    training = trained(rows=100, output_length=28).state().config["training"]
    assert training["train_samples"] == training["val_samples"] == 100


def test_a_panel_without_enough_history_is_refused() -> None:
    mask = DATA.mask.copy()
    mask[:, :85] = False
    with pytest.raises(DataFault, match="14 open days"):
        trained(data=replace(DATA, mask=mask))


def test_a_validation_part_without_open_days_is_refused() -> None:
    mask = DATA.mask.copy()
    mask[:, 92:106] = False
    with pytest.raises(DataFault, match="validation part must hold open days"):
        trained(data=replace(DATA, mask=mask))


def test_a_row_is_in_units_of_the_series_own_level() -> None:
    larger = replace(DATA, target=DATA.target * np.float32(1000))
    one, other = row(DATA, 103), row(larger, 103)
    different = {name for name in one if not np.isclose(one[name], other[name], rtol=1e-4, equal_nan=True)}
    assert different == {"level"}


def test_a_row_goes_by_date_where_days_are_missing() -> None:
    mask = DATA.mask.copy()
    mask[:, 93:100] = False
    gap = replace(DATA, mask=mask, target=np.where(mask, DATA.target, 0).astype(np.float32))
    found = row(gap, 103)
    level = DATA.target[0, 44:93][DATA.known[0, 44:93, 0] > 0].mean()
    assert found["weekday_last"] == pytest.approx(DATA.target[0, 89] / level, rel=1e-5)
    assert found["since_counted"] == 100 - (92 if DATA.known[0, 92, 0] else 91)
    assert np.isnan(found["mean_7"])


def test_a_row_knows_the_plan_of_the_days_around_within_its_block() -> None:
    found = row(DATA, 104, origin=100, end=110, reach=7)
    for off in (-2, 1, 2):
        assert found[f"near:promo:{off:+}"] == DATA.known[0, 104 + off, 1]
    assert np.isnan(found["near:promo:+3"])
    assert np.isnan(row(DATA, 104, origin=100, end=105)["near:promo:+1"])


def test_nothing_from_the_origin_on_changes_a_row() -> None:
    target, mask = DATA.target.copy(), DATA.mask.copy()
    target[:, 100:], mask[:, 100:] = 1e6, ~mask[:, 100:]
    changed = replace(DATA, target=target, mask=mask)
    design = Design.fit(DATA, span(), 7)
    one, other = (
        Rows(design, data).make(
            SERIES, np.full(3, 100, dtype=np.int64), np.array([100, 104, 106]), np.full(3, 107, dtype=np.int64)
        )
        for data in (DATA, changed)
    )
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.parametrize("fault", [ImportError("No module named 'lightgbm'"), OSError("libgomp.so.1: cannot open")])
def test_without_lightgbm_or_openmp_what_to_install_is_named(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name == "lightgbm":
                raise fault

    for name in [name for name in sys.modules if name.partition(".")[0] == "lightgbm"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(InvalidInput, match=r"pip install 'tidebook\[boosting\]', and OpenMP: libgomp1"):
        trained()


def test_a_state_without_trees_is_refused() -> None:
    state = trained().state()
    with pytest.raises(DataFault, match="saved with"):
        registry.find("lightgbm").load(replace(state, weights={}))
