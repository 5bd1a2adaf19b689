from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tidebook.core.arrays import F32, I64, Flags
from tidebook.data.lags import NEVER, Running, at, first_where, mean_where, same_weekday, since

NONE = np.zeros(1, dtype=np.int64)


def gappy(days: int = 30) -> tuple[F32, Flags]:
    """One series whose value is its day, with the days 10 to 19 missing."""
    values = np.arange(days, dtype=np.float32)[None]
    counted = np.ones((1, days), dtype=np.bool_)
    counted[0, 10:20] = False
    return np.where(counted, values, 0).astype(np.float32), counted


def position(*days: int) -> I64:
    return np.array(days, dtype=np.int64)


def test_a_mean_goes_by_date_across_a_gap() -> None:
    running = Running.of(*gappy())
    assert running.mean(NONE, position(18), position(25))[0] == np.mean([20, 21, 22, 23, 24])
    assert running.mean(NONE, position(5), position(15))[0] == np.mean([5, 6, 7, 8, 9])


def test_a_mean_of_days_that_were_not_counted_is_nan() -> None:
    assert np.isnan(Running.of(*gappy()).mean(NONE, position(10), position(20))[0])


def test_a_stretch_is_cut_to_the_calendar() -> None:
    running = Running.of(*gappy())
    assert running.mean(NONE, position(-100), position(2))[0] == 0.5
    assert running.mean(NONE, position(28), position(100))[0] == 28.5
    assert np.isnan(running.mean(NONE, position(-9), position(0))[0])


def test_a_share_counts_days_before_the_calendar_as_not_counted() -> None:
    running = Running.of(*gappy())
    assert running.share(NONE, position(8), position(12))[0] == 0.5
    assert running.share(NONE, position(-2), position(2))[0] == 0.5


def test_the_days_since_the_last_counted_one_are_days_and_not_rows() -> None:
    _, counted = gappy()
    distance = since(counted)[0]
    assert distance[10] == 1
    assert distance[20] == 11
    assert distance[21] == 1
    assert distance[0] == NEVER


def test_days_of_the_same_weekday_lie_whole_weeks_before_and_before_the_origin() -> None:
    day = np.arange(50, 80, dtype=np.int64)
    earlier = same_weekday(np.full(30, 50, dtype=np.int64), day, 4)
    assert ((day[:, None] - earlier) % 7 == 0).all()
    assert (earlier < 50).all()
    assert (earlier[:, 0] >= 43).all()
    assert (np.diff(earlier, axis=1) == -7).all()


def test_before_the_calendar_there_is_nothing() -> None:
    values, counted = gappy()
    earlier = position(3, -4, -11)[None]
    np.testing.assert_array_equal(at(values, NONE, earlier), [[3, 0, 0]])
    np.testing.assert_array_equal(at(counted, NONE, earlier), [[True, False, False]])


def test_the_first_and_the_mean_are_of_the_chosen_alone() -> None:
    values = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.float32)
    chosen = np.array([[False, True, True], [False, False, False]])
    np.testing.assert_array_equal(mean_where(values, chosen), [2.5, np.nan])
    np.testing.assert_array_equal(first_where(values, chosen), [2, np.nan])


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), origin=st.integers(0, 60), days=st.integers(1, 70), ahead=st.integers(0, 40))
def test_nothing_from_the_origin_on_changes_an_answer(seed: int, origin: int, days: int, ahead: int) -> None:
    random = np.random.default_rng(seed)
    values = random.standard_normal((2, 60)).astype(np.float32)
    counted = random.random((2, 60)) < 0.7
    other, seen = values.copy(), counted.copy()
    other[:, origin:], seen[:, origin:] = 1e9, ~seen[:, origin:]
    series, at_origin = position(0, 1), position(origin, origin)

    def answers(values: F32, counted: Flags) -> list[F32]:
        running = Running.of(values, counted)
        earlier = same_weekday(at_origin, at_origin + ahead, 5)
        found, chosen = at(values, series, earlier), at(counted, series, earlier)
        return [
            running.mean(series, at_origin - days, at_origin),
            running.share(series, at_origin - days, at_origin),
            since(counted)[series, at_origin].astype(np.float32),
            mean_where(found, chosen),
            first_where(found, chosen),
        ]

    for one, two in zip(answers(values, counted), answers(other, seen), strict=True):
        np.testing.assert_array_equal(one, two)
