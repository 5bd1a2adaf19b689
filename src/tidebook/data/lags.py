"""What a series did before a day, by date: a gap stays a gap, and nothing from that day on is read.

Rows are N questions, each a series and a position on the calendar. An answer is NaN where nothing was counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tidebook.core.arrays import F32, F64, I64, Flags

WEEK = 7
NEVER = 10_000  #: days since the last counted day where there was none

_Kind = TypeVar("_Kind", np.float32, np.bool_)


@dataclass(frozen=True)
class Running:
    """Sums over all counted days before each day: the mean of any stretch of days costs two look-ups."""

    total: F64  #: [S, T + 1]
    count: npt.NDArray[np.int32]  #: [S, T + 1]

    @classmethod
    def of(cls, values: F32, counted: Flags) -> Running:
        """The sums of `values` [S, T] where `counted` [S, T]."""
        series, days = values.shape
        total = np.zeros((series, days + 1))
        count = np.zeros((series, days + 1), dtype=np.int32)
        np.cumsum(np.where(counted, values, 0), axis=1, dtype=np.float64, out=total[:, 1:])
        np.cumsum(counted, axis=1, dtype=np.int32, out=count[:, 1:])
        return cls(total, count)

    def mean(self, series: I64, first: I64, end: I64) -> F32:
        """[N]: the mean over the counted days from `first` to the day before `end`, both cut to the calendar."""
        first, end = self._cut(first), self._cut(end)
        count = self.count[series, end] - self.count[series, first]
        total = self.total[series, end] - self.total[series, first]
        return _mean(total, count)

    def share(self, series: I64, first: I64, end: I64) -> F32:
        """[N]: the share of counted days among those from `first` to the day before `end`."""
        count = self.count[series, self._cut(end)] - self.count[series, self._cut(first)]
        return np.asarray(count / np.maximum(end - first, 1), dtype=np.float32)

    def _cut(self, day: I64) -> I64:
        return np.clip(day, 0, self.total.shape[1] - 1)


def since(counted: Flags) -> npt.NDArray[np.int32]:
    """[S, T + 1]: at each day the days since the last counted day before it, 1 for the day before; NEVER without."""
    series, days = counted.shape
    position = np.arange(days, dtype=np.int32)
    last = np.full((series, days + 1), -1, dtype=np.int32)
    np.maximum.accumulate(np.where(counted, position, np.int32(-1)), axis=1, out=last[:, 1:])
    distance = np.arange(days + 1, dtype=np.int32) - last
    distance[last < 0] = NEVER
    return distance


def same_weekday(origin: I64, day: I64, weeks: int) -> I64:
    """[N, weeks]: the days of the weekday of `day` before `origin`, latest first; may lie before the calendar."""
    ahead = np.mod(day - origin, WEEK)
    latest = origin + ahead - WEEK
    return np.asarray(latest[:, None] - WEEK * np.arange(weeks))


def at(table: npt.NDArray[_Kind], series: I64, position: I64) -> npt.NDArray[_Kind]:
    """[N, W] of a `table` [S, T] at positions [N, W]; 0 where a position lies before the calendar."""
    return np.asarray(np.where(position >= 0, table[series[:, None], np.maximum(position, 0)], table.dtype.type(0)))


def mean_where(values: F32, chosen: Flags) -> F32:
    """[N]: the mean of `values` [N, W] where `chosen` [N, W]."""
    count = chosen.sum(axis=1)
    return _mean(np.where(chosen, values, 0).sum(axis=1, dtype=np.float64), count)


def first_where(values: F32, chosen: Flags) -> F32:
    """[N]: the first of `values` [N, W] that is `chosen` [N, W]."""
    found = np.take_along_axis(values, chosen.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(chosen.any(axis=1), found, np.nan).astype(np.float32)


def _mean(total: F64, count: npt.NDArray[np.integer]) -> F32:
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), dtype=np.float32)
