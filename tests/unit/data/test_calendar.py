"""What a date says, and how it lies to the holidays."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidebook.core.arrays import F32
from tidebook.core.errors import InvalidInput
from tidebook.data.calendar import HOLIDAY_NAMES, NAMES, features

FIRST_NAMES = (*(f"weekday_{i}" for i in range(7)), "year_sin", "year_cos", "month_sin", "month_cos", "month_end")


def _days(first: str, count: int) -> np.ndarray:
    return np.datetime64(first, "D") + np.arange(count)


def _column(first: str, count: int, country: str | None, name: str) -> F32:
    return features(_days(first, count), country, (name,))[0][:, 0]


def test_weekdays_and_both_ends_of_a_month_are_marked() -> None:
    values, names = features(_days("2024-02-26", 7), None)  # a Monday
    assert (values[:, :7] == np.eye(7)).all()
    assert values[:, names.index("month_end")].tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert values[:, names.index("month_start")].tolist() == [0, 0, 0, 0, 1, 0, 0]
    assert values[3:5, names.index("month_place")].tolist() == [1, 0]
    assert "holiday" not in names


def test_months_weeks_and_years_have_their_place() -> None:
    assert _column("2024-01-31", 2, None, "month") == pytest.approx([0, 1 / 11])
    assert _column("2024-12-31", 1, None, "month")[0] == 1
    assert _column("2000-01-01", 1, None, "time")[0] == 0
    assert _column("2024-01-01", 1, None, "time")[0] == pytest.approx(24, abs=0.01)
    week = 2 * np.pi * np.arange(2) * 7 / 365.25
    assert _column("2020-12-28", 14, None, "week_sin") == pytest.approx(  # week 53 of 2020 and week 1 of 2021
        [*[np.sin(52 * week[1])] * 7, *[np.sin(week[0])] * 7], abs=1e-6
    )
    assert _column("2024-07-01", 1, None, "year_sin_2")[0] == pytest.approx(
        np.sin(4 * np.pi * 182 / 365.25), abs=1e-6
    )  # the harmonic goes round twice


def test_named_columns_come_alone_and_in_their_order() -> None:
    days = _days("2024-02-01", 40)
    everything, names = features(days, "CN")
    assert names == (*NAMES, *HOLIDAY_NAMES)
    chosen, own = features(days, "CN", ("holiday", "month_end", "weekday_0"))
    assert own == ("holiday", "month_end", "weekday_0")
    assert np.array_equal(chosen, everything[:, [names.index(name) for name in own]])


def test_the_columns_of_the_first_models_are_still_there() -> None:
    assert NAMES[: len(FIRST_NAMES)] == FIRST_NAMES
    assert HOLIDAY_NAMES[:2] == ("holiday", "workday")
    values, names = features(_days("2024-12-31", 1), "CN", (*FIRST_NAMES, "holiday", "workday"))
    year, month = 2 * np.pi * 365 / 365.25, 2 * np.pi * 30 / 31
    place = [np.sin(year), np.cos(year), np.sin(month), np.cos(month)]
    assert len(names) == 14
    assert values[0] == pytest.approx([0, 1, 0, 0, 0, 0, 0, *place, 1, 0, 1], abs=1e-6)


def test_a_name_that_is_no_feature_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must be one that there is, but got weekday_9. Did you mean weekday_"):
        features(_days("2024-01-01", 1), None, ("weekday_9",))
    with pytest.raises(InvalidInput, match="but got holiday. Name the country whose holidays count"):
        features(_days("2024-01-01", 1), None, ("holiday",))


def test_chinese_holidays_move_and_weekends_are_made_up_for() -> None:
    values, names = features(_days("2024-02-03", 20), "CN")
    holiday, workday = values[:, names.index("holiday")], values[:, names.index("workday")]
    assert holiday[7:15].all()  # 10 to 17 February 2024
    assert holiday.sum() == 8
    assert workday[1]  # Sunday 4 February, made up for
    assert workday[15]  # Sunday 18 February, made up for
    assert not workday[0]


def test_the_days_to_and_from_a_spring_festival_are_counted() -> None:
    ahead = _column("2024-01-20", 24, "CN", "days_to_holiday")
    assert 14 * ahead == pytest.approx([*[14] * 7, *range(14, 0, -1), 0, 0, 0])  # 10 February lies 21 days ahead
    behind = _column("2024-02-16", 20, "CN", "days_from_holiday")
    assert 14 * behind == pytest.approx([0, 0, *range(1, 15), *[14] * 4])
    assert _column("2024-02-09", 10, "CN", "long_holiday_place") == pytest.approx([0, *np.arange(1, 9) / 8, 0])


def test_a_long_weekend_is_no_long_holiday_and_easter_is_one() -> None:
    assert not _column("2024-05-24", 6, "US", "long_holiday_place").any()  # Memorial Day, a Monday
    easter = _column("2024-03-28", 7, "DE", "long_holiday_place")  # Good Friday to Easter Monday
    assert easter.tolist() == [0, 0.25, 0.5, 0.75, 1, 0, 0]


def test_other_countries_have_their_holidays() -> None:
    assert _column("2024-10-03", 2, "DE", "holiday").tolist() == [1, 0]
    assert _column("2024-07-04", 2, "US", "holiday").tolist() == [1, 0]
    assert _column("2024-07-06", 1, "US", "workday").tolist() == [0]
    assert _column("2021-12-31", 1, "US", "holiday").tolist() == [1]  # New Year fell on a Saturday
    with pytest.raises(InvalidInput, match="must be an ISO code whose holidays are known, but got QQ"):
        features(_days("2024-10-03", 2), "QQ")


def test_years_that_no_decree_covers_follow_the_general_rules() -> None:
    assert _column("2049-10-01", 1, "CN", "holiday")[0] == 1
    assert _column("1990-10-01", 1, "CN", "holiday")[0] == 1
    assert 14 * _column("2049-09-29", 1, "CN", "days_to_holiday")[0] == pytest.approx(2)


@given(st.integers(0, 30_000), st.integers(1, 60), st.sampled_from([None, "CN", "DE", "US"]))
@settings(deadline=None)
def test_a_feature_depends_on_its_day_alone(first: int, count: int, country: str | None) -> None:
    days = np.datetime64(0, "D") + first + np.arange(count)
    values, names = features(days, country)
    assert np.array_equal(values[-1:], features(days[-1:], country)[0])
    assert np.array_equal(values[::-1], features(days[::-1], country)[0])
    assert (np.abs(values[:, [name != "time" for name in names]]) <= 1).all()


def test_no_days_have_no_features() -> None:
    values, names = features(_days("2024-01-01", 0), "CN")
    assert values.shape == (0, len(names))


def test_twenty_years_take_an_instant_once_the_holidays_are_known() -> None:
    days = _days("2005-01-01", 20 * 365)
    features(days, "CN")
    took = []
    for _ in range(5):
        started = time.perf_counter()
        features(days, "CN")
        took.append(time.perf_counter() - started)
    assert min(took) < 0.05
