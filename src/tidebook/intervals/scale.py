"""How much a series moves, as known at an origin: the unit that errors of different series are compared in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tidebook.core.arrays import F64, I64, Flags
from tidebook.intervals.days import closed

if TYPE_CHECKING:
    from tidebook.data.panel import Panel

RECENT = 56  #: days before the origin that count in full
YEAR = 364  #: days before the origin that count at all
OLD = 0.1  #: weight of a day of the year that is not recent
STEADY = 0.05  #: no scale is less than this share of the mean size of the values
LEAST = 1e-3  #: no scale is less than this share of the unit
CHUNK = 4096  #: pairs at a time


def scales(panel: Panel, series: I64, origin: I64, unit: float) -> F64:
    """[B]: the standard deviation of the observed open days of series[B] before origin[B].

    Days of the last eight weeks count in full, the others of the year before the origin a tenth. It is never less
    than a twentieth of the mean size of these values, nor than a thousandth of `unit`; `unit` itself where no day
    was observed. Nothing from the origin on is read.
    """
    parts = []
    for first in range(0, len(series), CHUNK):
        chosen, start = series[first : first + CHUNK], origin[first : first + CHUNK] - YEAR
        days = start[:, None] + np.arange(YEAR)
        inside = np.maximum(days, 0)
        counted = panel.mask[chosen[:, None], inside] & (days >= 0) & ~closed(panel, chosen, start, YEAR)
        parts.append(_spread(panel.target[chosen[:, None], inside].astype(np.float64), counted, unit))
    return np.concatenate(parts) if parts else np.zeros(0)


def total_scale(panel: Panel, series: I64, origin: int, unit: float) -> float:
    """The same of the sum of `series`[M] before one origin; a day counts where any of them was observed and open."""
    first = max(0, origin - YEAR)
    shut = closed(panel, series, np.full(len(series), first, dtype=np.int64), origin - first)
    counted = panel.mask[series, first:origin] & ~shut
    sums = np.where(counted, panel.target[series, first:origin], 0).sum(axis=0, dtype=np.float64)
    missing = YEAR - len(sums)
    values = np.concatenate([np.zeros(missing), sums])
    there = np.concatenate([np.zeros(missing, dtype=np.bool_), counted.any(axis=0)])
    return float(_spread(values[None], there[None], unit)[0])


def typical(panel: Panel, series: I64, origin: int) -> float:
    """The median scale of `series` that vary before `origin`; 1 where none does."""
    found = scales(panel, series, np.full(len(series), origin, dtype=np.int64), 0.0)
    return float(np.median(found[found > 0])) if (found > 0).any() else 1.0


def _spread(values: F64, counted: Flags, unit: float) -> F64:
    """[B] of values[B, YEAR], the last column being the day before the origin."""
    counts = counted * np.where(np.arange(YEAR) >= YEAR - RECENT, 1.0, OLD)
    size = counts.sum(axis=1)
    there = size > 0
    weights: F64 = counts / np.where(there, size, 1)[:, None]
    mean = (weights * values).sum(axis=1, keepdims=True)
    deviation = np.sqrt((weights * np.square(values - mean)).sum(axis=1))
    steady = STEADY * (weights * np.abs(values)).sum(axis=1)
    return np.where(there, np.maximum(np.maximum(deviation, steady), LEAST * unit), unit)
