"""A weighted sum of models as one model, and the weights."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest

from tests.unit.algorithms.panels import fit, panel, span
from tidebook import checkpoint
from tidebook.abc import Fitted, Forecast, State
from tidebook.algorithms.bounds import Bounds
from tidebook.combining import composite
from tidebook.combining.composite import CompositeFitted, Member
from tidebook.combining.rolling import Rolling, questions
from tidebook.combining.table import lines, note, row
from tidebook.combining.weighing import fit_weights, select
from tidebook.core.arrays import F64, I64
from tidebook.core.errors import DataFault
from tidebook.data.panel import Panel
from tidebook.data.splits import Span

SERIES = np.arange(3, dtype=np.int64)
ORIGIN = np.full(3, 106, dtype=np.int64)
FREE = Bounds(None, None)


@dataclass
class Constant:
    """Forecasts `level`, and 10 more or less at the outer levels."""

    level: float
    quantiles: tuple[float, ...] = (0.5,)

    def forecast(self, panel: Panel, series: I64, origin: I64, horizon: int) -> Forecast:
        values = [self.level + 10 * np.sign(q - 0.5) for q in self.quantiles]
        return Forecast(np.tile(np.array(values, np.float32), (len(series), horizon, 1)), self.quantiles)

    def state(self) -> State:
        return State({"feature_names": ["target", f"lag_{self.level:g}"]})


def mix(*fitted: Fitted, weights: tuple[float, ...], bounds: Bounds = FREE) -> CompositeFitted:
    members = [Member("constant", weight, one) for weight, one in zip(weights, fitted, strict=True)]
    return CompositeFitted(members, bounds, {"model_type": "ensemble"})


def test_the_forecast_is_the_weighted_sum_of_the_members() -> None:
    whole = mix(Constant(100), Constant(200), weights=(0.25, 0.75))
    assert whole.forecast(panel(), SERIES, ORIGIN, 5).point.tolist() == [[175.0] * 5] * 3


def test_levels_that_all_members_have_are_mixed_and_others_left_out() -> None:
    wide, narrow = Constant(100, (0.025, 0.1, 0.5, 0.9, 0.975)), Constant(200, (0.1, 0.5, 0.9))
    forecast = mix(wide, narrow, weights=(0.5, 0.5)).forecast(panel(), SERIES, ORIGIN, 2)
    assert forecast.quantiles == (0.1, 0.5, 0.9)
    assert forecast.values[0, 0].tolist() == [140.0, 150.0, 160.0]
    only_point = mix(wide, Constant(200), weights=(0.5, 0.5)).forecast(panel(), SERIES, ORIGIN, 2)
    assert only_point.quantiles == (0.5,)


def test_no_forecast_leaves_the_bounds() -> None:
    data = panel()
    values = mix(Constant(-5), weights=(1.0,), bounds=Bounds(0.0, "open")).forecast(data, SERIES, ORIGIN, 14).point
    assert (values == 0).all()
    values = mix(Constant(5), weights=(1.0,), bounds=Bounds(0.0, "open")).forecast(data, SERIES, ORIGIN, 14).point
    np.testing.assert_array_equal(values > 0, data.known[:, 106:120, 0] > 0)


def test_what_the_members_read_is_named_once() -> None:
    members = [Member("constant", 0.5, Constant(level)) for level in (1, 2, 1)]
    assert composite.feature_names(members) == ["target", "lag_1", "lag_2"]


def test_members_within_members_come_back_from_a_file(tmp_path: Path) -> None:
    data, parts = panel(), span()
    lstm, naive = fit("lstm", data, parts, epochs=1), fit("seasonal_naive", data, parts, season=7)
    inner = CompositeFitted([Member("lstm", 0.5, lstm), Member("seasonal_naive", 0.5, naive)], FREE, inner_config())
    outer = CompositeFitted(
        [Member("seasonal_naive", 0.3, naive), Member("ensemble", 0.7, inner, "product/P1_all/ensemble/v2")],
        Bounds(0.0, "open"),
        {"model_type": "ensemble"},
    )
    state = outer.state()
    assert all(name.startswith("1.0.") for name in state.weights)
    assert state.weights.keys() == {f"1.0.{name}" for name in lstm.state().weights}
    assert state.config["members"][1]["address"] == "product/P1_all/ensemble/v2"
    assert "table" not in state.config["members"][1]["config"]
    checkpoint.save_state(tmp_path / "model.pth", "ensemble", state)
    loaded = composite.load(checkpoint.load_state(tmp_path / "model.pth")[1])
    expected = outer.forecast(data, SERIES, ORIGIN, 9).values
    np.testing.assert_array_equal(loaded.forecast(data, SERIES, ORIGIN, 9).values, expected)
    assert orjson.loads(orjson.dumps(loaded.state().config)) == orjson.loads(orjson.dumps(state.config))


def inner_config() -> dict[str, Any]:
    return {"model_type": "ensemble", "table": [row("lstm")]}


@pytest.mark.parametrize("config", [{}, {"members": [{}], "bounds": {"floor": None, "open": None}}, {"members": 3}])
def test_a_state_of_something_else_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(DataFault, match="The state must be one that an ensemble was saved with"):
        composite.load(State(config))


def some_forecasts(seed: int) -> tuple[F64, F64]:
    random = np.random.default_rng(seed)
    actual = random.gamma(2, 10, 300)
    made = [actual * bias + random.normal(0, noise, 300) for bias, noise in ((0.9, 3), (1.1, 4), (1.3, 1))]
    return np.stack(made, axis=1), actual


@pytest.mark.parametrize("seed", range(6))
def test_fitted_weights_are_as_good_as_the_best_of_a_fine_grid(seed: int) -> None:
    forecasts, actual = some_forecasts(seed)
    weights = fit_weights(forecasts, actual)
    steps = np.linspace(0, 1, 101)
    grid = [np.array([a, b, 1 - a - b]) for a, b in itertools.product(steps, steps) if a + b <= 1]
    least = min(np.abs(forecasts @ point - actual).sum() for point in grid)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert np.abs(forecasts @ weights - actual).sum() <= least * 1.0001
    np.testing.assert_array_equal(weights, fit_weights(forecasts, actual))


def test_a_perfect_member_gets_all_the_weight_and_twins_share() -> None:
    actual = np.arange(50, dtype=np.float64)
    np.testing.assert_allclose(fit_weights(np.stack([actual + 1, actual, actual + 9], axis=1), actual), [0, 1, 0])
    assert fit_weights(np.stack([actual, actual], axis=1), actual).tolist() == [0.5, 0.5]
    assert fit_weights(actual[:, None] + 1, actual).tolist() == [1.0]


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_selection_is_no_worse_than_the_best_member_and_keeps_to_its_limit(limit: int) -> None:
    forecasts, actual = some_forecasts(3)
    weights = select(forecasts, actual, limit)
    alone = np.abs(forecasts - actual[:, None]).sum(axis=0)
    assert weights.sum() == pytest.approx(1)
    assert 1 <= np.count_nonzero(weights) <= limit
    assert np.abs(forecasts @ weights - actual).sum() <= alone.min() * (1 + 1e-12)
    if limit == 1:
        assert weights[alone.argmin()] == 1


def test_a_selection_picks_one_member_alone_where_nothing_adds_to_it() -> None:
    actual = np.arange(50, dtype=np.float64)
    assert select(np.stack([actual + 5, actual, actual + 7], axis=1), actual, 3).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("validation", "test", "asked"),
    [
        (28, 28, [(0, 28), (7, 21), (14, 14)]),
        (28, 7, [(0, 7), (7, 7), (14, 7), (21, 7)]),
        (112, 28, [(0, 28), (28, 28), (56, 28), (84, 28)]),
        (7, 28, [(0, 7)]),
        (1, 1, [(0, 1)]),
        (365, 14, [(0, 14), (91, 14), (182, 14), (273, 14)]),
    ],
)
def test_origins_are_weeks_apart_and_no_forecast_leaves_the_validation_part(
    validation: int, test: int, asked: list[tuple[int, int]]
) -> None:
    span = Span(0, 500, 500 + validation, 500 + validation + test)
    assert [(origin - 500, days) for origin, days in questions(span)] == asked


def test_the_error_of_a_perfect_model_is_zero_and_of_zeros_it_is_the_size() -> None:
    rolling = Rolling.over(panel(), span())
    assert len(rolling.windows) == 2
    assert rolling.wape(rolling.actual) == 0
    assert rolling.wape(np.zeros_like(rolling.actual)) == 1
    assert rolling.forecast(Constant(3)).tolist() == [3.0] * len(rolling.actual)


def test_an_empty_validation_part_is_a_fault_of_the_data() -> None:
    data = panel()
    data.mask[:, span().train_end :] = False
    with pytest.raises(DataFault, match="The validation part must hold days with a target"):
        Rolling.over(data, span())


def test_the_lines_of_a_table_stand_below_each_other() -> None:
    table = [
        row("lstm", validation_wape=0.1234, seconds=3.14, weight=1.0, notes=[note("cut_short")]),
        row("seasonal_naive", notes=[note("out_of_time"), note("settings", settings="season=7")]),
    ]
    assert lines(table) == [
        "lstm            validation WAPE 0.1234  weight 1.00     3.1 s  stopped at its share of the time",
        "seasonal_naive  validation WAPE      -  weight    -       - s  "
        "out of time: the budget was used up before its turn; season=7",
    ]
    assert table[1]["note"]["zh"].endswith("；season=7")
