"""What the days of the demo data are like before anything is sold: weeks, seasons, holidays, promotions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidebook.core.arrays import Days, Flags
from tidebook.data.calendar import features
from tidebook.data.demo.drugs import Season

F64 = npt.NDArray[np.float64]

WEEK = (0.95, 0.93, 0.94, 0.98, 1.08, 1.18, 1.12)  #: Monday to Sunday
PEAK: dict[Season, int] = {"winter": 5, "spring": 105, "summer": 200, "none": 0}  #: day of the year
SWING: dict[Season, float] = {"winter": 0.32, "spring": 0.28, "summer": 0.38, "none": 0.03}
STOCKING_UP = 14  #: days before Chinese New Year in which people buy ahead
CLOSED_AT_NEW_YEAR = 5  #: days from New Year on which shops are half empty


@dataclass(frozen=True)
class Calendar:
    """Factors of demand by day."""

    dates: Days  #: [T]
    weekly: F64  #: [T], by weekday; make-up workdays are like workdays
    festive: F64  #: [T], public holidays, and Chinese New Year with the weeks before it
    years: F64  #: [T], years since the first day

    @classmethod
    def of(cls, dates: Days) -> Calendar:
        """The calendar of these days in China."""
        values, names = features(dates, "CN")
        weekday = values[:, :7].argmax(axis=1)
        holiday, workday = (values[:, names.index(name)] > 0 for name in ("holiday", "workday"))
        weekly = np.where((weekday >= 5) & workday, 1.0, np.array(WEEK)[weekday])
        festive = np.where(holiday, 0.9, 1.0) * _new_year(dates)
        return cls(dates, weekly, festive, np.arange(len(dates)) / 365.25)

    def season(self, season: Season) -> F64:
        """[T]: one wave a year."""
        day = (self.dates - self.dates.astype("datetime64[Y]")).astype(np.int64)
        return np.asarray(1 + SWING[season] * np.cos(2 * np.pi * (day - PEAK[season]) / 365.25))

    def promotions(self, random: np.random.Generator, share: float) -> Flags:
        """[T]: from a Thursday to the Monday after, in `share` of the weeks."""
        day = self.dates.astype(np.int64)  # 1970-01-01 was a Thursday
        week = day // 7 - day[0] // 7
        chosen: Flags = random.random(int(week[-1]) + 1) < share
        return np.asarray(chosen[week] & (day % 7 < 5))


def _new_year(dates: Days) -> F64:
    """Up to 1.4 in the two weeks before Chinese New Year, half in its first days."""
    import holidays

    years = range(int(str(dates[0])[:4]), int(str(dates[-1])[:4]) + 2)
    named = holidays.country_holidays("CN", years=years, language="en_US")
    first: dict[int, np.datetime64] = {}
    for day in sorted(named):
        if named[day].startswith("Chinese New Year (Spring"):
            first.setdefault(day.year, np.datetime64(day, "D"))
    factor = np.ones(len(dates))
    for new_year in first.values():
        ahead = (new_year - dates).astype(np.int64)
        stocking = (ahead > 0) & (ahead <= STOCKING_UP)
        factor = np.where(stocking, 1 + 0.4 * (1 - ahead / (STOCKING_UP + 1)), factor)
        factor = np.where((ahead <= 0) & (ahead > -CLOSED_AT_NEW_YEAR), 0.5, factor)
    return factor
