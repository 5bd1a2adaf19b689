from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.unit.algorithms.panels import Recorder, fit, panel, small, span
from tidebook.algorithms import registry
from tidebook.algorithms.classical import filled, repeated
from tidebook.core.errors import InvalidInput

WEEKLY = {"season": 7}
SERIES = np.arange(3, dtype=np.int64)
NAMES = ["ets", "theta", "croston"]


def wape(fitted: Any, data: Any, origin: int, days: int) -> float:
    values = fitted.forecast(data, SERIES, np.full(3, origin), days).point
    actual = data.target[:, origin : origin + days]
    return float(np.abs(values - actual).sum() / actual.sum())


def test_a_gap_is_filled_on_the_line_between_the_same_weekdays() -> None:
    day = np.arange(35)
    target = 100.0 * (day % 7) + day
    counted = np.ones(35, dtype=np.bool_)
    counted[14:21] = False
    np.testing.assert_allclose(filled(np.where(counted, target, 0.0), counted, WEEKLY), target)


def test_a_weekday_that_is_always_closed_lies_between_its_neighbours() -> None:
    day = np.arange(28)
    counted = day % 7 != 6
    values = filled(np.where(counted, 10.0 + day % 7, 0.0), counted, WEEKLY)
    np.testing.assert_allclose(values[6::7][:-1], (15 + 10) / 2)
    assert values[-1] == 15


def test_days_before_the_first_are_left_out_and_the_end_is_held() -> None:
    counted = np.zeros(30, dtype=np.bool_)
    counted[5:20] = True
    values = filled(np.where(counted, 4.0, 0.0), counted, WEEKLY)
    assert len(values) == 25
    assert (values == 4).all()


def test_a_short_history_is_repeated_and_a_shorter_one_averaged() -> None:
    np.testing.assert_array_equal(repeated(np.arange(9.0), 9, 7), [2, 3, 4, 5, 6, 7, 8, 2, 3])
    np.testing.assert_array_equal(repeated(np.arange(3.0), 2, 7), [1, 1])


@pytest.mark.parametrize("name", ["ets", "theta"])
def test_they_follow_the_season(name: str) -> None:
    data = panel()
    assert wape(fit(name, data, span()), data, 106, 14) < wape(fit("croston", data, span()), data, 106, 14)


@pytest.mark.parametrize("name", NAMES)
def test_closed_days_do_not_pull_the_level_down(name: str) -> None:
    data = panel()
    closed = fit(name, data, span()).forecast(data, SERIES, np.full(3, 106), 14).point
    opened = data.known[:, 106:120, 0] > 0
    assert (closed[~opened] == 0).all()
    level = data.target[:, :106][data.known[:, :106, 0] > 0].reshape(3, -1).mean(axis=1)
    np.testing.assert_allclose(np.where(opened, closed, 0).sum(axis=1) / opened.sum(axis=1), level, rtol=0.3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("days", [1, 2, 3, 7, 8, 15, 22, 29])
def test_any_length_of_history_is_enough(name: str, days: int) -> None:
    data = panel(days=60)
    fitted = fit(name, panel(), span())
    values = fitted.forecast(data, SERIES, np.full(3, days), 10).point
    assert np.isfinite(values).all()
    assert values.max() < 5 * data.target.max()


@pytest.mark.parametrize("name", NAMES)
def test_only_so_much_of_the_history_is_read(name: str) -> None:
    data = panel()
    target = data.target.copy()
    target[:, :50] = 9999
    fitted = fit(name, data, span(), history_days=50)
    origin = np.full(3, 106)
    np.testing.assert_array_equal(
        fitted.forecast(data, SERIES, origin, 7).values,
        fitted.forecast(replace(data, target=target), SERIES, origin, 7).values,
    )


@pytest.mark.parametrize("variant", ["sba", "classic", "optimized", "tsb"])
def test_croston_forecasts_what_is_asked_for_on_an_average_day(variant: str) -> None:
    data = panel(days=400, closed=False)
    random = np.random.default_rng(1)
    demand = np.where(random.random(data.target.shape) < 0.2, 5.0, 0.0).astype(np.float32)
    sparse = replace(data, target=demand)
    values = fit("croston", sparse, span(400), variant=variant).forecast(sparse, SERIES, np.full(3, 380), 14).point
    assert (np.diff(values, axis=1) == 0).all()
    np.testing.assert_allclose(values[:, 0], 1.0, atol=0.7)


def test_tsb_forgets_what_nobody_asks_for_any_more() -> None:
    data = panel(days=400, closed=False)
    demand = np.zeros_like(data.target)
    demand[:, 0:200:5] = 5.0
    sparse = replace(data, target=demand)
    values = [
        fit("croston", sparse, span(400), variant=variant).forecast(sparse, SERIES, np.full(3, 390), 1).point[0, 0]
        for variant in ("sba", "tsb")
    ]
    assert values[1] < 0.01 < values[0]


@pytest.mark.parametrize("model", ["ZZZ", "MAM", "ANA"])
def test_multiplicative_models_give_way_where_there_are_zeros(model: str) -> None:
    data = panel(closed=False)
    target = data.target.copy()
    target[:, 3::11] = 0
    values = fit("ets", replace(data, target=target), span(), model=model).forecast(data, SERIES, np.full(3, 106), 7)
    assert np.isfinite(values.values).all()


@pytest.mark.parametrize("name", NAMES)
def test_without_statsforecast_the_extra_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast.models", None)
    with pytest.raises(InvalidInput, match=r"pip install 'tidebook\[classical\]'"):
        registry.find(name).fit(panel(), span(), small(name), Recorder())
