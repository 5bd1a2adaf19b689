"""What a date alone says: its place in week, month and year, and whether it is a holiday."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache

import numpy as np

from tidebook.core.arrays import F32, Days, Flags
from tidebook.core.errors import InvalidInput

NAMES = (
    *(f"weekday_{i}" for i in range(7)),
    *("year_sin", "year_cos", "month_sin", "month_cos", "month_end"),
)
HOLIDAY_NAMES = ("holiday", "workday")


def features(dates: Days, country: str | None) -> tuple[F32, tuple[str, ...]]:
    """[T, C] and the C names. With a country also `holiday`, and `workday` (weekends that are made up for included)."""
    days = dates.astype("datetime64[D]")
    weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    month = days.astype("datetime64[M]")
    day_of_month = (days - month).astype(np.int64)
    month_length = ((month + 1).astype("datetime64[D]") - month).astype(np.int64)
    day_of_year = (days - days.astype("datetime64[Y]")).astype(np.int64)
    year, within = 2 * np.pi * day_of_year / 365.25, 2 * np.pi * day_of_month / month_length
    columns = [
        *(weekday == i for i in range(7)),
        *(np.sin(year), np.cos(year), np.sin(within), np.cos(within), day_of_month == month_length - 1),
    ]
    names = NAMES
    if country is not None:
        columns += _holidays(days, country)
        names += HOLIDAY_NAMES
    return np.stack(columns, axis=1).astype(np.float32), names


def _holidays(days: Days, country: str) -> list[Flags]:
    rule = _rule(country)
    pairs = [rule(day) for day in days.tolist()]
    return (
        [np.array(column, dtype=np.bool_) for column in zip(*pairs, strict=True)] if pairs else [np.zeros(0, bool)] * 2
    )


@cache
def _rule(country: str) -> Callable[[date], tuple[bool, bool]]:
    """A function of a day: is it a holiday, is it a workday."""
    import holidays

    try:
        general = holidays.country_holidays(country)
    except NotImplementedError as error:
        raise InvalidInput(
            "A country must be an ISO code whose holidays are known", got=country, fix="Use a code such as CN or DE."
        ) from error

    @cache
    def from_calendar(day: date) -> tuple[bool, bool]:
        holiday = day in general
        return holiday, day.weekday() < 5 and not holiday

    if country != "CN":
        return from_calendar

    import chinese_calendar

    @cache
    def from_decrees(day: date) -> tuple[bool, bool]:
        """The yearly decree moves workdays to weekends; years without one follow the general rules."""
        try:
            _, name = chinese_calendar.get_holiday_detail(day)
            return name is not None and chinese_calendar.is_holiday(day), chinese_calendar.is_workday(day)
        except NotImplementedError:
            return from_calendar(day)

    return from_decrees
