"""How often a panel is observed, and after how many steps its patterns repeat."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidebook.core.arrays import Days


@dataclass(frozen=True)
class Frequency:
    """Steps of the shorter and of the longer pattern."""

    season: int  #: 7 days, 24 hours
    cycle: int  #: 364 days, the same weekday a year before; 168 hours


DAILY = Frequency(season=7, cycle=364)
HOURLY = Frequency(season=24, cycle=168)


def frequency(dates: Days) -> Frequency:
    """That of a calendar of days or of hours, by the unit of its dates."""
    return HOURLY if np.datetime_data(dates.dtype)[0] == "h" else DAILY
