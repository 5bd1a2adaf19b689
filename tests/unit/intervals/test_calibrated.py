from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.algorithms.panels import Recorder, fit, panel, small, span
from tests.unit.intervals.models import Level, noise
from tidebook.abc import Forecast
from tidebook.algorithms import registry
from tidebook.core.arrays import F64, I64
from tidebook.data.panel import Panel
from tidebook.data.splits import Span
from tidebook.intervals import Calibrated, Calibration, calibrate, restored

QUANTILES = (0.025, 0.1, 0.5, 0.9, 0.975)


def _calibrated(name: str, data: Panel, parts: Span, **values: Any) -> Calibrated:
    fitted = fit(name, data, parts, **values)
    return Calibrated(fitted, calibrate(fitted, data, parts, (80, 95)))


def _forecast(model: Calibrated, data: Panel, origin: int, horizon: int) -> Forecast:
    series = np.arange(len(data.keys))
    return model.forecast(data, series, np.full(len(series), origin), horizon)


@pytest.mark.parametrize("name", ["seasonal_naive", "lstm"])
def test_the_point_is_the_models_own_and_lies_between_its_bounds(name: str) -> None:
    data = panel()
    model = _calibrated(name, data, span())
    made = _forecast(model, data, 106, 14)
    assert made.quantiles == QUANTILES
    base = model._fitted.forecast(data, np.arange(3), np.full(3, 106), 14).point
    np.testing.assert_array_equal(made.point, base)
    assert (np.diff(made.values, axis=2) >= 0).all()


def test_days_known_to_be_closed_are_0_in_every_quantile_and_others_are_not_below_0() -> None:
    data = panel()
    made = _forecast(_calibrated("lstm", data, span()), data, 106, 14)
    shut = data.known[:, 106:120, 0] == 0
    assert (made.values[shut] == 0).all()
    assert (made.values >= 0).all()
    assert (made.values[~shut][:, -1] > 0).all()


def test_bounds_below_0_stay_where_values_are_below_0() -> None:
    data = noise(2, 120)
    data = replace(data, target=data.target - data.target.mean(axis=1, keepdims=True))
    made = _forecast(_calibrated("seasonal_naive", data, span(), season=1), data, 106, 14)
    assert (made.values[:, :, 0] < 0).any()


@settings(max_examples=50, deadline=None)
@given(
    offsets=st.lists(st.floats(-5, 5), min_size=4, max_size=4),
    spread=st.floats(-0.9, 0.9),
    floor=st.sampled_from([None, 0.0]),
)
def test_whatever_was_calibrated_quantiles_ascend_around_the_point(
    offsets: list[float], spread: float, floor: float | None
) -> None:
    data = noise(2, 120)
    model = Level({0.1: spread, 0.9: -spread})
    values: F64 = np.array([offsets])
    made = _forecast(Calibrated(model, Calibration((80, 95), values, values, 2, 1.0, floor)), data, 106, 3)
    assert (np.diff(made.values, axis=2) >= 0).all()
    np.testing.assert_array_equal(made.point, model.forecast(data, np.arange(2), np.full(2, 106), 3).point)
    assert floor is None or (made.values >= floor).all()


def test_days_beyond_the_calibrated_ones_take_the_last() -> None:
    data = noise(1, 200)
    values: F64 = np.array([[-2.0, -1, 1, 2], [-4, -3, 3, 4]])
    made = _forecast(Calibrated(Level(), Calibration((80, 95), values, None, 1, 1.0, None)), data, 106, 5)
    width = made.values[0, :, 3] - made.values[0, :, 1]
    np.testing.assert_allclose(width / width[0], [1, 3, 3, 3, 3], rtol=1e-5)


def test_changing_values_after_the_origin_changes_no_quantile() -> None:
    data = panel()
    target = data.target.copy()
    target[:, 106:] *= 5
    model = _calibrated("lstm", data, span())
    other = replace(data, target=target)
    one, two = _forecast(model, data, 106, 14), _forecast(model, other, 106, 14)
    np.testing.assert_array_equal(one.values, two.values)
    all_series: I64 = np.arange(3)
    totals = [model.total(panel_, all_series, 106, made) for panel_, made in ((data, one), (other, two))]
    assert totals[0] is not None
    assert totals[1] is not None
    np.testing.assert_array_equal(totals[0].values, totals[1].values)


def test_a_batch_with_different_origins_is_the_single_forecasts_together() -> None:
    data = panel()
    model = _calibrated("lstm", data, span())
    series, origin = np.array([2, 0, 2]), np.array([90, 101, 106])
    whole = model.forecast(data, series, origin, 7).values
    for row in range(3):
        one = model.forecast(data, series[row : row + 1], origin[row : row + 1], 7).values
        np.testing.assert_allclose(whole[row], one[0], rtol=1e-4)


def test_the_total_is_the_sum_of_the_points_with_narrower_bounds_than_the_sum_of_bounds() -> None:
    data = noise(40, 400)
    data = replace(data, target=data.target / data.target.mean(axis=1, keepdims=True))  # none outweighs the others
    model = _calibrated("seasonal_naive", data, Span(0, 280, 340, 400))
    made = _forecast(model, data, 340, 28)
    total = model.total(data, np.arange(40), 340, made)
    assert total is not None
    np.testing.assert_allclose(total.point[0], made.point.sum(axis=0), rtol=1e-5)
    summed = (made.values[:, :, 3] - made.values[:, :, 1]).sum(axis=0)
    assert ((total.values[0, :, 3] - total.values[0, :, 1]) < 0.5 * summed).all()


def test_the_total_of_a_part_of_the_series_takes_the_wider_bounds() -> None:
    data = noise(3, 120)
    own: F64 = np.array([[-3.0, -1, 1, 3]])
    whole: F64 = np.array([[-2.0, -2, 2, 2]])
    model = Calibrated(Level(), Calibration((80, 95), own, whole, 3, 1.0, None))
    widths = []
    for count in (3, 2):
        series = np.arange(count)
        made = model.forecast(data, series, np.full(count, 100), 1)
        total = model.total(data, series, 100, made)
        assert total is not None
        values = total.values[0, 0]
        widths.append((values[3] - values[1], values[4] - values[0]))
    assert widths[0][0] == pytest.approx(widths[0][1], rel=1e-3)
    assert widths[1][1] / widths[1][0] == pytest.approx(1.5, rel=1e-3)


def test_a_single_series_has_no_total() -> None:
    data = noise(1, 120)
    model = _calibrated("seasonal_naive", data, span())
    assert model.calibration.total is None
    assert model.total(data, np.zeros(1, dtype=np.int64), 106, _forecast(model, data, 106, 3)) is None


def test_a_day_that_all_series_are_closed_on_is_0_in_the_total() -> None:
    data = panel()
    model = _calibrated("lstm", data, span())
    total = model.total(data, np.arange(3), 106, _forecast(model, data, 106, 14))
    assert total is not None
    shut = (data.known[:, 106:120, 0] == 0).all(axis=0)
    assert (total.values[0, shut] == 0).all()
    assert (total.values[0, ~shut, -1] > 0).all()


@pytest.mark.parametrize("values", [{}, {"loss": "quantile"}])
def test_a_state_brings_the_intervals_back(values: dict[str, str]) -> None:
    data = panel()
    model = _calibrated("lstm", data, span(), **values)
    state = model.state()
    again = restored(registry.find("lstm").load(state), state.config)
    assert isinstance(again, Calibrated)
    one, two = _forecast(model, data, 106, 14), _forecast(again, data, 106, 14)
    np.testing.assert_allclose(one.values, two.values, rtol=1e-4)


def test_a_state_without_intervals_is_the_model_alone() -> None:
    data = panel()
    fitted = registry.find("seasonal_naive").fit(data, span(), small("seasonal_naive"), Recorder())
    assert restored(fitted, fitted.state().config) is fitted
