"""Holidays and workdays of a country, and how each day lies to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np

from tidebook.core.arrays import F32, I64, Flags
from tidebook.core.errors import InvalidInput

LONG = 4  #: days off in a row, a holiday among them, from which a holiday counts as long
LONGEST = 60  #: days; no holiday lasts longer


@dataclass(frozen=True)
class Holidays:
    """N consecutive days of a country."""

    first: np.datetime64
    holiday: Flags  #: [N]
    workday: Flags  #: [N], weekends that are made up for included
    ahead: I64  #: [N], days to the next holiday, 0 on one, at most `reach`
    behind: I64  #: [N], days since the last holiday, 0 on one, at most `reach`
    place: F32  #: [N], on day i of n of a long holiday i / n, else 0


def around(first: np.datetime64, last: np.datetime64, country: str, reach: int) -> Holidays:
    """The days from `first` to `last` and the rest of their years; each day is told as by any other range.

    InvalidInput for a country whose holidays are not known.
    """
    margin = max(reach, LONGEST)
    begin, end = (
        (day + off).astype("datetime64[Y]").astype(int) + 1970 for day, off in ((first, -margin), (last, margin))
    )
    years = [_year(country, int(year)) for year in range(begin, end + 1)]
    holiday, workday = (np.concatenate([year[part] for year in years]) for part in (0, 1))
    return Holidays(
        first=np.datetime64(f"{begin:04}-01-01", "D"),
        holiday=holiday,
        workday=workday,
        ahead=_since(holiday[::-1], reach)[::-1],
        behind=_since(holiday, reach),
        place=_place(holiday, ~workday),
    )


def _since(flags: Flags, reach: int) -> I64:
    """[N]: positions since the last flag, at most `reach`."""
    here = np.arange(len(flags))
    last = np.maximum.accumulate(np.where(flags, here, -reach))
    return np.minimum(here - last, reach)


def _place(holiday: Flags, off: Flags) -> F32:
    """[N]: how much of a long holiday has passed."""
    edges = np.diff(np.pad(off.astype(np.int8), 1))
    place = np.zeros(len(off), dtype=np.float32)
    for start, end in zip(np.nonzero(edges == 1)[0], np.nonzero(edges == -1)[0], strict=True):
        if end - start >= LONG and holiday[start:end].any():
            place[start:end] = np.arange(1, end - start + 1) / (end - start)
    return place


@cache
def _year(country: str, year: int) -> tuple[Flags, Flags]:
    """Of each day of a year: is it a holiday, is it a workday."""
    days = [date(year, 1, 1) + timedelta(days=i) for i in range(366)]
    days = days if days[-1].year == year else days[:-1]
    if country == "CN" and (decreed := _decreed(days)):
        return decreed
    general = _general(country, year)
    holiday = np.array([day in general for day in days])
    return holiday, np.array([day.weekday() < 5 for day in days]) & ~holiday


def _decreed(days: list[date]) -> tuple[Flags, Flags] | None:
    """China's yearly decree moves workdays to weekends; years without one follow the general rules."""
    import chinese_calendar

    try:
        details = [chinese_calendar.get_holiday_detail(day) for day in days]
    except NotImplementedError:
        return None
    off = np.array([is_off for is_off, _ in details])
    return off & np.array([name is not None for _, name in details]), ~off


def _general(country: str, year: int) -> frozenset[date]:
    import holidays

    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError as error:
        raise InvalidInput(
            "A country must be an ISO code whose holidays are known", got=country, fix="Use a code such as CN or DE."
        ) from error
