from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.algorithms.panels import panel
from tidebook.intervals.scale import LEAST, STEADY, scales, total_scale, typical

ALL = np.arange(3)


def test_a_scale_is_the_deviation_of_the_recent_days() -> None:
    data = panel(3, 56, closed=False)
    expected = data.target.astype(np.float64).std(axis=1)
    np.testing.assert_allclose(scales(data, ALL, np.full(3, 56), 1.0), expected, rtol=1e-6)


def test_days_long_ago_count_a_tenth_and_days_before_a_year_nothing() -> None:
    data = panel(1, 500, closed=False)
    target = np.ones_like(data.target)
    target[0, ::2] = 3
    target[0, :100] = 1e6
    calm = replace(data, target=target)
    one = np.zeros(1, dtype=np.int64)
    assert scales(calm, one, np.array([464]), 1.0)[0] == pytest.approx(1, rel=1e-3)
    assert scales(calm, one, np.array([463]), 1.0)[0] > 10_000


def test_closed_and_unobserved_days_do_not_count() -> None:
    data = panel(3, 120)
    opened = data.known[:, :, 0] > 0
    mask = data.mask.copy()
    mask[:, 100:110] = False
    there = opened & mask
    there[:, :64] = False
    wild = replace(data, mask=mask, target=np.where(opened & mask, data.target, 1e9).astype(np.float32))
    found = scales(wild, ALL, np.full(3, 120), 1.0)
    recent = [float(data.target[i, there[i]].std()) for i in range(3)]
    np.testing.assert_allclose(found, recent, rtol=0.15)


def test_a_steady_series_keeps_a_share_of_its_level_and_an_empty_one_takes_the_unit() -> None:
    data = panel(3, 120, closed=False)
    target, mask = data.target.copy(), data.mask.copy()
    target[0], target[1], mask[2] = 200, 0, False
    found = scales(replace(data, target=target, mask=mask), ALL, np.full(3, 120), 7.0)
    np.testing.assert_allclose(found, [STEADY * 200, LEAST * 7, 7], rtol=1e-6)


def test_a_scale_at_the_first_day_is_the_unit() -> None:
    assert scales(panel(3), ALL, np.zeros(3, dtype=np.int64), 7.0).tolist() == [7, 7, 7]


def test_the_scale_of_one_series_is_that_of_its_total() -> None:
    data = panel(1)
    one = np.zeros(1, dtype=np.int64)
    assert total_scale(data, one, 100, 1.0) == pytest.approx(scales(data, one, np.array([100]), 1.0)[0])


def test_nothing_from_the_origin_on_is_read() -> None:
    data = panel(3)
    target = data.target.copy()
    target[:, 90:] *= 100
    other = replace(data, target=target)
    origin = np.full(3, 90)
    np.testing.assert_array_equal(scales(data, ALL, origin, 1.0), scales(other, ALL, origin, 1.0))
    assert total_scale(data, ALL, 90, 1.0) == total_scale(other, ALL, 90, 1.0)


def test_the_typical_scale_is_that_of_the_series_that_vary() -> None:
    data = panel(3, closed=False)
    target = data.target.copy()
    target[0] = 0
    assert typical(replace(data, target=target), ALL, 120) > 1
    assert typical(replace(data, target=np.zeros_like(target)), ALL, 120) == 1
