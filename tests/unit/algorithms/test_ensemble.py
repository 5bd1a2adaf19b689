"""Published versions that forecast together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.algorithms.panels import Recorder, fit, panel, span, states
from tidebook.abc import State
from tidebook.algorithms.ensemble import Hyperparameters, algorithm
from tidebook.combining.rolling import Rolling
from tidebook.core.errors import InvalidInput
from tidebook.data.splits import Span

SERIES = np.arange(3, dtype=np.int64)
ORIGIN = np.full(3, 106, dtype=np.int64)


def naive(season: int, parts: Span | None = None) -> State:
    state: State = fit("seasonal_naive", panel(), parts or span(), season=season).state()
    return state


def seasons(*days: int) -> list[tuple[str, State]]:
    return [(f"product/P1_all/seasonal_naive/v{n}", naive(n)) for n in days]


def ensemble(members: list[tuple[str, State]], **values: Any) -> Any:
    return fit("ensemble", panel(), span(), Recorder(members=members), **values)


def test_the_mean_weighs_all_alike() -> None:
    whole = ensemble(seasons(7, 14))
    alone = [fit("seasonal_naive", panel(), span(), season=n) for n in (7, 14)]
    points = [model.forecast(panel(), SERIES, ORIGIN, 14).point for model in alone]
    mean = np.where(panel().known[:, 106:120, 0] > 0, (points[0] + points[1]) / 2, 0)
    np.testing.assert_allclose(whole.forecast(panel(), SERIES, ORIGIN, 14).point, mean, rtol=1e-6)


def test_fitted_weights_do_no_worse_on_the_validation_part_than_the_mean_and_every_member() -> None:
    members = seasons(7, 3, 14)
    rolling = Rolling.over(panel(), span())
    fitted = rolling.wape(rolling.forecast(ensemble(members, weights="fitted")))
    mean = rolling.wape(rolling.forecast(ensemble(members)))
    table = ensemble(members, weights="fitted").state().config["table"]
    assert fitted is not None
    assert mean is not None
    assert fitted <= mean
    assert all(fitted <= entry["validation_wape"] + 1e-9 for entry in table)
    assert sum(entry["weight"] for entry in table) == pytest.approx(1)


def test_a_member_without_weight_stands_in_the_table_and_not_in_the_model() -> None:
    config = ensemble(seasons(7, 3), weights="fitted").state().config
    worst = max(config["table"], key=lambda entry: entry["validation_wape"])
    assert (worst["model_type"], worst["weight"]) == ("product/P1_all/seasonal_naive/v3", 0)
    assert [entry["address"] for entry in config["members"]] == ["product/P1_all/seasonal_naive/v7"]


def test_without_members_it_says_how_to_name_them() -> None:
    with pytest.raises(InvalidInput, match="An ensemble must have members, but got none. Name published versions"):
        algorithm.fit(panel(), span(), Hyperparameters(), Recorder())


def test_a_member_that_cannot_read_the_panel_is_named_with_what_it_lacks() -> None:
    data = panel()
    members = [*seasons(7), ("product/P1_all/lstm/v4", states(data, span())[1][1])]
    without = replace(data, known=data.known[:, :, :1], known_names=("open",))
    with pytest.raises(InvalidInput, match=r"must be able to forecast.*got product/P1_all/lstm/v4: .*open, promo") as e:
        fit("ensemble", without, span(), Recorder(members=members))
    assert e.value.details["member"] == "product/P1_all/lstm/v4"


def test_a_member_with_a_broken_state_is_named() -> None:
    broken = State({"model_type": "lstm", "validation": {"end": "2023-04-16", "wape": 0.1}})
    with pytest.raises(InvalidInput, match="product/P1_all/lstm/v9: The state must be one that lstm was saved with"):
        ensemble([("product/P1_all/lstm/v9", broken)])


def test_a_member_trained_with_a_later_split_has_seen_the_validation_part_and_it_is_said() -> None:
    context = Recorder(
        members=[
            ("product/P1_all/seasonal_naive/v1", naive(7)),
            ("product/P1_all/seasonal_naive/v2", naive(14, Span(0, 106, 113, 120))),
        ]
    )
    table = fit("ensemble", panel(), span(), context).state().config["table"]
    assert table[0]["note"] is None
    assert "2023-04-23" in table[1]["note"]["zh"]
    assert context.lines == [
        "product/P1_all/seasonal_naive/v2 was validated up to 2023-04-23, later than this ensemble: "
        "it has seen days that it is judged by here"
    ]


def test_an_ensemble_of_an_ensemble_forecasts() -> None:
    inner = ensemble(seasons(7, 14)).state()
    outer = ensemble([("product/P1_all/ensemble/v1", inner), *seasons(7)])
    assert np.isfinite(outer.forecast(panel(), SERIES, ORIGIN, 14).point).all()
    assert len(outer.state().config["members"][0]["config"]["members"]) == 2


def test_what_calibrated_a_member_is_left_behind() -> None:
    (address, state), *_ = seasons(7)
    calibrated = State({**state.config, "intervals": {"levels": [0.1]}}, state.weights)
    assert "intervals" not in ensemble([(address, calibrated)]).state().config["members"][0]["config"]
