"""Levels of intervals, in percent, and the quantiles that they lie between."""

from __future__ import annotations

from collections.abc import Sequence

DIGITS = 6  #: of a quantile; more are noise of the arithmetic


def tails(levels: Sequence[float]) -> tuple[float, ...]:
    """The quantiles that bound the intervals, ascending, without the middle: (0.025, 0.1, 0.9, 0.975) of 80 and 95."""
    low = [round((100 - level) / 200, DIGITS) for level in levels]
    return tuple(sorted({*low, *(round(1 - quantile, DIGITS) for quantile in low)}))


def pairs(quantiles: Sequence[float]) -> list[tuple[float, int, int]]:
    """The intervals among `quantiles`: level, position of the lower and of the upper quantile, narrowest first."""
    places = {round(quantile, DIGITS): place for place, quantile in enumerate(quantiles)}
    found = [
        (plain(100 * (1 - 2 * quantile)), place, places[round(1 - quantile, DIGITS)])
        for quantile, place in places.items()
        if quantile < 0.5 and round(1 - quantile, DIGITS) in places
    ]
    return sorted(found)


def plain(level: float) -> float:
    """80 instead of 80.0: as it is written and as it names columns."""
    rounded = round(level, DIGITS - 2)
    return int(rounded) if rounded == int(rounded) else rounded
