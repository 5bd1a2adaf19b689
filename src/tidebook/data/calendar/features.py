"""The features of days: columns of small numbers that a model reads as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tidebook.core.arrays import F32, I64, Days
from tidebook.core.errors import InvalidInput, nearest
from tidebook.data.calendar.holidays import around
from tidebook.data.frequency import HOURLY, frequency

NAMES = (
    *(f"weekday_{i}" for i in range(7)),
    *("year_sin", "year_cos", "month_sin", "month_cos", "month_end"),
    *("month_start", "month_place", "month", "week_sin", "week_cos", "year_sin_2", "year_cos_2", "time"),
)
HOLIDAY_NAMES = ("holiday", "workday", "days_to_holiday", "days_from_holiday", "long_holiday_place")
HOUR_NAMES = tuple(f"hour_{i}" for i in range(24))
YEAR, WEEKS = 365.25, 365.25 / 7  #: days and weeks
REACH = 14  #: days; holidays further away than this all count as this far


def features(dates: Days, country: str | None, names: Sequence[str] | None = None) -> tuple[F32, tuple[str, ...]]:
    """[T, C] and the C names: exactly `names`, in their order, or all there are.

    `weekday_0` is Monday's flag. The year is a wave (`year_sin`, `year_cos`) with its second harmonic (`…_2`), and so
    are the ISO week (`week_…`) and the place in the month (`month_sin`, `month_cos`, which is also `month_place` from
    0 to 1). `month` runs from 0 in January to 1 in December, `time` counts years from 2000.
    With a country also `holiday`; `workday`, weekends that are made up for included; the days to the next holiday and
    from the last as shares of 14, beyond which all are 1, and 0 on a holiday itself; and `long_holiday_place`, the
    share of a holiday of 4 days off and more that has passed with this day, 0 on other days. Of hours also `hour_0` to
    `hour_23`. All of it depends on the date alone and is known in advance. InvalidInput for a name that is none of
    these, and for an unknown country.
    """
    hourly = frequency(dates) is HOURLY
    everything = (*NAMES, *(HOLIDAY_NAMES if country is not None else ()), *(HOUR_NAMES if hourly else ()))
    chosen = everything if names is None else tuple(names)
    if unknown := next((name for name in chosen if name not in everything), None):
        raise InvalidInput(
            "A feature of the calendar must be one that there is",
            got=unknown,
            fix="Name the country whose holidays count." if unknown in HOLIDAY_NAMES else nearest(unknown, everything),
        )
    days = dates.astype("datetime64[D]")
    columns = _of_the_date(days)
    if hourly:
        columns |= _of_the_hour(dates)
    if country is not None and not set(HOLIDAY_NAMES).isdisjoint(chosen):
        columns |= _of_the_country(days, country)
    out = np.empty((len(days), len(chosen)), dtype=np.float32)
    for c, name in enumerate(chosen):
        out[:, c] = columns[name]
    return out, chosen


def _of_the_hour(dates: Days) -> dict[str, np.ndarray]:
    """[T] of each name of HOUR_NAMES."""
    hour = (dates - dates.astype("datetime64[D]")).astype(np.int64)
    return {f"hour_{i}": hour == i for i in range(24)}


def _of_the_date(days: Days) -> dict[str, np.ndarray]:
    """[T] of each name of NAMES."""
    weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    month, year = days.astype("datetime64[M]"), days.astype("datetime64[Y]")
    day_of_month = (days - month).astype(np.int64)
    length = ((month + 1).astype("datetime64[D]") - month).astype(np.int64)
    within_year = 2 * np.pi * (days - year).astype(np.int64) / YEAR
    within_month = 2 * np.pi * day_of_month / length
    week = 2 * np.pi * _week(days, weekday) / WEEKS
    return {
        **{f"weekday_{i}": weekday == i for i in range(7)},
        "year_sin": np.sin(within_year),
        "year_cos": np.cos(within_year),
        "month_sin": np.sin(within_month),
        "month_cos": np.cos(within_month),
        "month_end": day_of_month == length - 1,
        "month_start": day_of_month == 0,
        "month_place": day_of_month / (length - 1),
        "month": (month - year.astype("datetime64[M]")).astype(np.int64) / 11,
        "week_sin": np.sin(week),
        "week_cos": np.cos(week),
        "year_sin_2": np.sin(2 * within_year),
        "year_cos_2": np.cos(2 * within_year),
        "time": (days - np.datetime64("2000-01-01", "D")).astype(np.int64) / YEAR,
    }


def _week(days: Days, weekday: I64) -> I64:
    """[T]: the ISO week, counted from 0. It belongs to the year of its Thursday."""
    thursday = days - weekday + 3
    return np.asarray((thursday - thursday.astype("datetime64[Y]")).astype(np.int64) // 7)


def _of_the_country(days: Days, country: str) -> dict[str, np.ndarray]:
    """[T] of each name of HOLIDAY_NAMES."""
    if not len(days):
        return dict.fromkeys(HOLIDAY_NAMES, np.zeros(0))
    told = around(days.min(), days.max(), country, REACH)
    at = (days - told.first).astype(np.int64)
    return {
        "holiday": told.holiday[at],
        "workday": told.workday[at],
        "days_to_holiday": told.ahead[at] / REACH,
        "days_from_holiday": told.behind[at] / REACH,
        "long_holiday_place": told.place[at],
    }
