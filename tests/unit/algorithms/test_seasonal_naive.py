from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.unit.algorithms.panels import panel
from tidebook.algorithms.seasonal_naive import repeat_season


def test_each_day_takes_the_value_a_season_before() -> None:
    data = panel(1)
    values = repeat_season(data, np.array([0]), np.array([100]), 16, 7)
    expected = np.concatenate([data.target[0, 93:100], data.target[0, 93:100], data.target[0, 93:95]])
    np.testing.assert_array_equal(values[0], expected)


def test_an_unobserved_day_gives_way_to_the_season_before() -> None:
    data = panel(1)
    mask = data.mask.copy()
    mask[0, 93] = mask[0, 86] = False
    values = repeat_season(replace(data, mask=mask), np.array([0]), np.array([100]), 8, 7)
    assert values[0, 0] == values[0, 7] == data.target[0, 79]


def test_without_a_season_the_mean_of_what_there_is_stands_in() -> None:
    data = panel(1)
    values = repeat_season(data, np.array([0]), np.array([3]), 7, 7)
    np.testing.assert_allclose(values[0, :4], data.target[0, :3].mean(), rtol=1e-6)
    np.testing.assert_array_equal(values[0, 4:], data.target[0, :3])
    assert (repeat_season(data, np.array([0]), np.array([0]), 7, 7) == 0).all()
