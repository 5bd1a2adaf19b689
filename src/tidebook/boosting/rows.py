"""Rows that a regression of forecasts learns from: one for a series, an origin and a day to forecast.

A row holds what was known at its origin, by date, and what is known of its day beforehand. Levels are in units of the
series' own recent level, so that one model serves small and large series (a global model: Montero-Manso and
Hyndman, Principles and algorithms for forecasting groups of time series, 2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tidebook.core.arrays import F32, I64, Flags
from tidebook.data.calendar import features
from tidebook.data.lags import Running, at, first_where, mean_where, same_weekday, since

if TYPE_CHECKING:
    from tidebook.boosting.design import Design
    from tidebook.data.panel import Panel

YEAR = 364  #: days; the same weekday a year before
RECENT = 56  #: days whose mean is a series' level
WINDOWS = (7, 14, 28, 112, YEAR)  #: days before the origin that are averaged
WEEKS = 26  #: how far back days of the same weekday are looked for
LATEST = (4, 8, WEEKS)  #: how many of them are averaged
ALIKE = (2, 4, 8, WEEKS)  #: how many of those among them that had the same covariates are
NEAR = (-3, -2, -1, 1, 2, 3)  #: days around the day to forecast whose covariates a row holds
AROUND = (3, 10)  #: days on both sides of the day a year before that are averaged
CHUNK = 50_000  #: rows made at once, to bound the memory

Column = npt.NDArray[Any]


class Rows:
    """Makes the rows of a panel; what all of them need of it is worked out once."""

    def __init__(self, design: Design, panel: Panel) -> None:
        """InvalidInput where the panel lacks a column of the design."""
        design.check(panel)
        self._design, self._panel = design, panel
        opened = np.ones(panel.target.shape, dtype=np.bool_)
        if design.open is not None:
            opened = panel.known[:, :, panel.known_names.index(design.open)] > 0
        self.counted: Flags = panel.mask & opened  #: [S, T], observed on an open day: what is learned from
        self._target = Running.of(panel.target, self.counted)
        negative = bool((panel.target < 0).any())
        self._size = Running.of(np.abs(panel.target), self.counted) if negative else self._target
        self._open = None if design.open is None else Running.of(opened.astype(np.float32), np.ones_like(opened))
        self._since = since(self.counted)
        self._measures = {
            name: Running.of(panel.known[:, :, panel.known_names.index(name)], self.counted) for name in design.measures
        }
        self._ids = design.ids(panel)
        self._calendar = features(panel.dates, design.country, design.calendar)[0]

    @property
    def names(self) -> tuple[str, ...]:
        """[F]: the names of the columns."""
        nothing = np.zeros(0, dtype=np.int64)
        return tuple(self._columns(nothing, nothing, nothing, nothing, np.zeros(0, dtype=np.float32)))

    def make(self, series: I64, origin: I64, day: I64, end: I64) -> tuple[F32, F32]:
        """The rows [N, F] and the levels [N] of series `series` [N], to forecast day `day` [N] from `origin` [N].

        Reads the target before the origin, known covariates before `end` [N] and only of days of the same block as
        `day`: a forecast does not change when more days are asked for.
        """
        values = np.empty((len(series), len(self.names)), dtype=np.float32)
        levels = np.empty(len(series), dtype=np.float32)
        for first in range(0, len(series), CHUNK):
            part = slice(first, first + CHUNK)
            level = levels[part] = self.level(series[part], origin[part])
            columns = self._columns(series[part], origin[part], day[part], end[part], level)
            for c, column in enumerate(columns.values()):
                values[part, c] = column
        return values, levels

    def level(self, series: I64, origin: I64) -> F32:
        """[N]: the mean size of the target in the last weeks before the origin, or longer where those were empty."""
        found = np.full(len(series), np.nan, dtype=np.float32)
        for first in (origin - RECENT, origin - YEAR, np.zeros_like(origin)):
            found = np.where(found > 0, found, self._size.mean(series, first, origin))
        return np.where(found > 0, found, np.float32(self._design.unit))

    def _columns(self, series: I64, origin: I64, day: I64, end: I64, level: F32) -> dict[str, Column]:
        """[N] of each name."""
        return {
            **self._date(origin, day),
            **self._history(series, origin, level),
            **self._weekdays(series, origin, day, level),
            **self._year_before(series, origin, day, level),
            **self._plan(series, origin, day, end),
            **{name: own[series] for name, own in self._ids.items()},
            **{f"static:{name}": self._panel.static[series, a] for a, name in enumerate(self._design.static)},
        }

    def _date(self, origin: I64, day: I64) -> dict[str, Column]:
        dates = self._panel.dates[day].astype("datetime64[D]")
        return {
            "step": np.minimum(day - origin + 1, self._design.reach),
            "weekday": (dates.astype(np.int64) + 3) % 7,  # 1970-01-01 was a Thursday
            "month_day": (dates - dates.astype("datetime64[M]")).astype(np.int64),
            **{name: self._calendar[day, c] for c, name in enumerate(self._design.calendar)},
        }

    def _history(self, series: I64, origin: I64, level: F32) -> dict[str, Column]:
        mean = self._target.mean
        return {
            "level": np.log(level),
            **{f"mean_{days}": mean(series, origin - days, origin) / level for days in WINDOWS},
            "counted": self._target.share(series, origin - RECENT, origin),
            "since_counted": np.minimum(self._since[series, origin], YEAR),
        }

    def _weekdays(self, series: I64, origin: I64, day: I64, level: F32) -> dict[str, Column]:
        """The target on earlier days of the same weekday, on all and on those with the same covariates."""
        panel = self._panel
        earlier = same_weekday(origin, day, WEEKS)
        counted = at(self.counted, series, earlier)
        value = at(panel.target, series, earlier) / level[:, None]
        out = {f"weekday_mean_{n}": mean_where(value[:, :n], counted[:, :n]) for n in LATEST}
        out["weekday_last"] = first_where(value, counted)
        alike = counted
        for name in self._design.flags:
            plane = panel.known[:, :, panel.known_names.index(name)]
            same = at(plane, series, earlier) == plane[series, day][:, None]
            out[f"weekday_{name}_mean"] = mean_where(value, counted & same)
            out[f"weekday_{name}_last"] = first_where(value, counted & same)
            alike = alike & same
        if self._design.flags:
            rank = np.cumsum(alike, axis=1)
            out |= {f"alike_mean_{n}": mean_where(value, alike & (rank <= n)) for n in ALIKE}
            out["alike_last"] = first_where(value, alike)
        return out

    def _year_before(self, series: I64, origin: I64, day: I64, level: F32) -> dict[str, Column]:
        """The same day of a year before and the days around it, in units of the level that the series had then."""
        panel = self._panel
        then = day - YEAR
        past = (then >= 0) & (then < origin)
        at_then = np.maximum(then, 0)
        before = self._size.mean(series, origin - YEAR - RECENT, origin - YEAR)
        before = np.where(before > 0, before, np.float32(np.nan))
        value = np.where(past & self.counted[series, at_then], panel.target[series, at_then], np.float32(np.nan))
        out = {"year_value": value / before, "year_growth": level / before}
        for days in AROUND:
            around = self._target.mean(series, then - days, np.minimum(then + days + 1, origin))
            out[f"year_mean_{days}"] = around / before
        for name in self._design.flags:
            flag = panel.known[series, at_then, panel.known_names.index(name)]
            out[f"year_{name}"] = np.where(past, flag, np.float32(np.nan))
        return out

    def _plan(self, series: I64, origin: I64, day: I64, end: I64) -> dict[str, Column]:
        """Known covariates of the day and of those around it, as far as they are planned."""
        panel, reach = self._panel, self._design.reach
        block = origin + reach * ((day - origin) // reach + 1)
        planned = np.minimum(np.minimum(block, end), panel.days)
        out: dict[str, Column] = {}
        for k, name in enumerate(self._design.known):
            out[f"known:{name}"] = panel.known[series, day, k]
            for off in NEAR:
                there = day + off
                inside = (there >= 0) & (there < planned)
                value = panel.known[series, np.clip(there, 0, panel.days - 1), k]
                out[f"near:{name}:{off:+}"] = np.where(inside, value, np.float32(np.nan))
        for name, running in self._measures.items():
            usual = running.mean(series, origin - RECENT, origin)
            usual = np.where(usual != 0, usual, np.float32(np.nan))
            out[f"relative:{name}"] = out[f"known:{name}"] / usual
        if self._open is not None:
            out |= {f"open_share_{n}": self._open.mean(series, day - n, day) for n in (7, 14)}
        return out
