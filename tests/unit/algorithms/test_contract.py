"""What every registered algorithm must do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import torch

from tests.unit.algorithms.panels import Recorder, fit, panel, span, untimed
from tidebook import checkpoint
from tidebook.algorithms import registry
from tidebook.data.panel import Panel

NAMES = [entry.name for entry in registry.entries()]
NEURAL = [name for name in NAMES if registry.find(name).traits.neural]
SERIES = np.arange(3, dtype=np.int64)
ORIGIN = np.full(3, 106, dtype=np.int64)


@pytest.fixture(scope="module", params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def fitted(name: str) -> Any:
    return fit(name, panel(), span())


def changed_from(data: Panel, day: int) -> Panel:
    """Other targets and past covariates from `day` on."""
    target, past, mask = data.target.copy(), data.past.copy(), data.mask.copy()
    target[:, day:] = 1e6
    past[:, day:] = -1e6
    mask[:, day:] = ~mask[:, day:]
    return replace(data, target=target, past=past, mask=mask)


def test_there_are_algorithms() -> None:
    assert {"lstm", "seasonal_naive"} <= set(NAMES)


def test_it_forecasts_every_pair_and_day(fitted: Any) -> None:
    forecast = fitted.forecast(panel(), np.array([0, 2, 2, 1]), np.array([106, 100, 90, 110]), 7)
    assert forecast.values.shape == (4, 7, len(forecast.quantiles))
    assert forecast.values.dtype == np.float32
    assert np.isfinite(forecast.values).all()
    assert forecast.point.shape == (4, 7)


def test_it_forecasts_beyond_what_it_predicts_at_once(fitted: Any) -> None:
    data = panel(future=40)
    origin = np.full(3, data.end)
    far, near = fitted.forecast(data, SERIES, origin, 40).point, fitted.forecast(data, SERIES, origin, 7).point
    assert far.shape == (3, 40)
    assert np.isfinite(far).all()
    np.testing.assert_allclose(far[:, :7], near, rtol=1e-5)


def test_pairs_do_not_disturb_each_other(fitted: Any) -> None:
    data = panel()
    together = fitted.forecast(data, SERIES, ORIGIN, 10).point
    for i in range(3):
        alone = fitted.forecast(data, SERIES[i : i + 1], ORIGIN[i : i + 1], 10).point
        np.testing.assert_allclose(alone[0], together[i], rtol=1e-4)


def test_nothing_after_the_origin_changes_a_forecast(fitted: Any) -> None:
    data = panel()
    before = fitted.forecast(data, SERIES, ORIGIN, 14).values
    after = fitted.forecast(changed_from(data, 106), SERIES, ORIGIN, 14).values
    np.testing.assert_array_equal(before, after)


def test_nothing_after_the_validation_part_changes_the_training(name: str) -> None:
    data = panel()
    one = fit(name, data, span())
    other = fit(name, changed_from(data, span().validation_end), span())
    assert untimed(one.state().config) == untimed(other.state().config)
    for key, weights in one.state().weights.items():
        torch.testing.assert_close(weights, other.state().weights[key], rtol=0, atol=0)


def test_its_state_through_a_file_gives_the_same_forecasts(name: str, fitted: Any, tmp_path: Path) -> None:
    checkpoint.save_state(tmp_path / "model.pth", name, fitted.state())
    loaded_name, state = checkpoint.load_state(tmp_path / "model.pth")
    loaded = registry.find(loaded_name).load(state)
    data = panel()
    np.testing.assert_array_equal(
        fitted.forecast(data, SERIES, ORIGIN, 14).values, loaded.forecast(data, SERIES, ORIGIN, 14).values
    )


def test_its_config_is_json_that_rebuilds_it(name: str, fitted: Any) -> None:
    state = fitted.state()
    config = orjson.loads(orjson.dumps(state.config))
    assert config["model_type"] == name
    assert config["feature_names"][0] == "target"
    assert config["validation"]["end"] == "2023-04-16"
    assert 0 < config["validation"]["wape"] < 5
    rebuilt = registry.find(name).load(replace(state, config=config))
    data = panel()
    np.testing.assert_array_equal(
        fitted.forecast(data, SERIES, ORIGIN, 9).values, rebuilt.forecast(data, SERIES, ORIGIN, 9).values
    )


def test_a_seed_makes_it_repeatable(name: str) -> None:
    weights = [fit(name, panel(), span(), Recorder(seed=7)).state().weights for _ in range(2)]
    for key in weights[0]:
        torch.testing.assert_close(weights[0][key], weights[1][key], rtol=0, atol=0)


def test_training_leaves_the_random_numbers_of_others_alone(name: str) -> None:
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    fit(name, panel(), span())
    torch.testing.assert_close(torch.rand(3), expected)


def test_a_history_shorter_than_the_look_back_is_enough(fitted: Any) -> None:
    data = panel(days=4, future=7)
    values = fitted.forecast(data, SERIES, np.full(3, 4), 7).point
    assert np.isfinite(values).all()


def test_a_series_without_any_history_gets_a_forecast(fitted: Any) -> None:
    data = panel()
    empty = replace(data, mask=np.zeros_like(data.mask), target=np.zeros_like(data.target))
    assert np.isfinite(fitted.forecast(empty, SERIES, ORIGIN, 7).point).all()


def test_a_constant_and_an_all_zero_series_train_and_forecast(name: str) -> None:
    data = panel()
    target = data.target.copy()
    target[0], target[1] = 5.0, 0.0
    odd = replace(data, target=target)
    values = fit(name, odd, span()).forecast(odd, SERIES, ORIGIN, 7).point
    assert np.isfinite(values).all()
    assert np.abs(values[:2]).max() < 50


def test_a_series_that_begins_after_the_train_part_is_no_hindrance(name: str) -> None:
    data = panel()
    mask = data.mask.copy()
    mask[2, :110] = False
    late = replace(data, mask=mask, target=np.where(mask, data.target, 0).astype(np.float32))
    values = fit(name, late, span()).forecast(late, SERIES, ORIGIN, 7).point
    assert np.isfinite(values).all()


@pytest.mark.parametrize("name", NEURAL)
@pytest.mark.parametrize("output_length", [1, 3])
@pytest.mark.parametrize("target", ["value", "departure"])
def test_decoding_with_carried_state_gives_what_reading_the_whole_window_again_gives(
    name: str, output_length: int, target: str
) -> None:
    data = panel(days=420)
    stated: dict[str, Any] = {"output_length": output_length, "seq_length": 20, "target": target}
    fitted = fit(name, data, span(420), epochs=1, num_layers=2, **stated)
    origin = np.array([406, 380, 12])
    carried, anew = (fitted.forecast(data, SERIES, origin, 14, cached=cached).point for cached in (True, False))
    np.testing.assert_allclose(carried, anew, rtol=1e-4, atol=1e-4 * np.abs(anew).max())


@pytest.mark.parametrize("name", NEURAL)
@pytest.mark.parametrize("loss", ["scaled", "quantile", "poisson", "tweedie", "huber", "mse"])
def test_every_loss_trains_and_forecasts(name: str, loss: str) -> None:
    forecast = fit(name, panel(), span(), loss=loss, epochs=1).forecast(panel(), SERIES, ORIGIN, 10)
    assert (np.diff(forecast.values, axis=-1) >= 0).all()
    assert np.isfinite(forecast.values).all()
    assert (forecast.values >= 0).all()


@pytest.mark.parametrize("name", NEURAL)
@pytest.mark.parametrize("scaling", ["series", "global"])
def test_every_scaling_trains_keeps_and_forecasts(name: str, scaling: str) -> None:
    algorithm = registry.find(name)
    fitted = fit(name, panel(), span(), scaling=scaling, epochs=1)
    config = orjson.loads(orjson.dumps(fitted.state().config))
    again = algorithm.load(replace(fitted.state(), config=config))
    values = fitted.forecast(panel(), SERIES, ORIGIN, 10).values
    np.testing.assert_array_equal(values, again.forecast(panel(), SERIES, ORIGIN, 10).values)
    stranger = replace(panel(), keys=tuple(replace(key, store_id=f"N{i}") for i, key in enumerate(panel().keys)))
    assert np.isfinite(again.forecast(stranger, SERIES, ORIGIN, 10).values).all()


@pytest.mark.parametrize("name", NEURAL)
def test_departures_are_learned_kept_and_forecast_without_a_look_ahead(name: str) -> None:
    algorithm, data = registry.find(name), panel()
    fitted = fit(name, data, span(), target="departure", epochs=1)
    again = algorithm.load(fitted.state())
    values = fitted.forecast(data, SERIES, ORIGIN, 10).values
    np.testing.assert_array_equal(values, again.forecast(changed_from(data, 106), SERIES, ORIGIN, 10).values)
    weights = fit(name, changed_from(data, span().validation_end), span(), target="departure", epochs=1).state().weights
    for key, tensor in fitted.state().weights.items():
        torch.testing.assert_close(weights[key], tensor, rtol=0, atol=0)


@pytest.mark.parametrize("name", NEURAL)
def test_half_the_bits_train_nearly_the_same_model(name: str) -> None:
    data, parts = panel(days=200), span(200)
    half, full = (
        fit(name, data, parts, precision=precision, epochs=3).state().config["validation"]["wape"]
        for precision in ("bfloat16", "float32")
    )
    assert half == pytest.approx(full, rel=0.15)


def test_closed_days_are_forecast_as_zero(fitted: Any) -> None:
    data = panel()
    values = fitted.forecast(data, SERIES, ORIGIN, 14).values
    closed = data.known[:, 106:120, 0] == 0
    assert closed.any()
    assert (values[closed] == 0).all()


@pytest.mark.parametrize("name", NEURAL)
def test_neural_ones_report_their_epochs_and_steps(name: str) -> None:
    context = Recorder()
    fit(name, panel(), span(), context)
    assert [epoch for epoch, _ in context.reports] == [1, 2]
    assert set(context.reports[0][1]) >= {"train_loss", "val_loss", "val_wape", "learning_rate"}
    assert context.steps[-1]["step"] == context.steps[-1]["steps"]
    assert context.steps[-1]["epochs"] == 2
    assert context.saved[0][2]
    assert set(context.saved[0][1]) >= {
        "epoch",
        "model_state_dict",
        "optimizer_state_dict",
        "metrics",
        "timestamp",
    }
