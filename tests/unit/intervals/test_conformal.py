from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidebook.core.arrays import F64
from tidebook.intervals.conformal import BEYOND, DATES, offset, offsets
from tidebook.intervals.pooling import windows


def test_the_quantile_is_the_finite_sample_one() -> None:
    scores = np.arange(1.0, 20.0)  # 19 scores: (19 + 1) · 0.9 = 18
    assert offset(scores, 0.9) == 18
    assert offset(scores, 0.1) == 2
    assert offset(np.arange(1.0, 10.0), 0.9) == 9


def test_one_score_fewer_than_a_level_needs_reaches_beyond_the_outermost() -> None:
    scores = np.linspace(-1, 1, 39)
    assert offset(scores, 0.975) == 1
    assert offset(scores[:-1], 0.975) > scores[-2]
    assert offset(scores[1:], 0.025) < scores[1]


def test_a_single_score_still_makes_an_interval_that_holds_it() -> None:
    assert offset(np.array([2.0]), 0.9) == pytest.approx(1.2816 * 2 * math.sqrt(2), rel=1e-3)
    assert offset(np.array([2.0]), 0.1) == pytest.approx(-offset(np.array([2.0]), 0.9))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(20, 200), quantile=st.sampled_from([0.1, 0.9, 0.2, 0.8]))
def test_exchangeable_scores_are_exceeded_as_often_as_the_level_says(seed: int, count: int, quantile: float) -> None:
    random = np.random.default_rng(seed)
    held = 0
    for _ in range(400):
        scores = random.gamma(2.0, size=count + 1) - 1
        bound = offset(scores[:-1], quantile)
        held += bool(scores[-1] <= bound) if quantile > 0.5 else bool(scores[-1] >= bound)
    nominal = max(quantile, 1 - quantile)
    assert held / 400 == pytest.approx(nominal + 0.5 / count, abs=0.09)  # more than four standard errors


def _scores(steps: int, count: int) -> tuple[F64, np.ndarray, np.ndarray]:
    """`count` scores for each step, each equal to the step, of days of their own."""
    step = np.repeat(np.arange(steps), count)
    dates = np.kron(np.eye(steps, dtype=np.bool_), np.ones((1, DATES), dtype=np.bool_))
    return step[:, None].astype(np.float64), step, dates


def test_a_step_with_enough_scores_of_enough_days_stands_alone() -> None:
    values, step, dates = _scores(5, 10 * BEYOND)
    np.testing.assert_array_equal(offsets(values, step, dates, [0.9])[:, 0], [0, 1, 2, 3, 4])


def test_a_step_with_too_few_scores_takes_those_of_its_neighbours() -> None:
    values, step, dates = _scores(5, 10 * BEYOND - 1)
    np.testing.assert_array_equal(offsets(values, step, dates, [0.9])[:, 0], [1, 2, 3, 4, 4])


def test_many_scores_of_few_days_are_not_enough() -> None:
    values, step, _ = _scores(5, 1000)
    same = np.ones((5, 2), dtype=np.bool_)
    assert set(offsets(values, step, same, [0.9])[:, 0]) == {4}


def test_windows_grow_until_they_hold_enough_or_all() -> None:
    assert windows(3, lambda first, last: False) == [(0, 3)] * 3
    assert windows(3, lambda first, last: True) == [(0, 1), (1, 2), (2, 3)]
