"""Errors of forecasts from origins within the validation part, in units of each series' scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tidebook.abc import Forecast
from tidebook.core.arrays import F64, I64, Flags
from tidebook.intervals.days import closed
from tidebook.intervals.scale import scales, total_scale

if TYPE_CHECKING:
    from tidebook.abc import Fitted
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

PAIRS = 8000  #: of series and origin, about, at most
FEWEST, MOST = 4, 112  #: origins
STEPS = 364  #: days ahead that are calibrated, at most
CHUNK = 4096  #: series that are forecast at a time


@dataclass(frozen=True)
class Scores:
    """(actual - base) / scale of observed days that are not known to be closed, from the origins that were asked."""

    values: F64  #: [M, Q]
    step: I64  #: [M], days ahead, from 0
    dates: Flags  #: [N, D], of which days of the validation part step n has scores


def collect(
    fitted: Fitted, panel: Panel, span: Span, quantiles: Sequence[float], unit: float, *, most: int = MOST
) -> tuple[Scores, Scores | None]:
    """The scores of all series observed in the validation part, and of their sum where there are several.

    The base is the model's own quantile where it has that level, else its point; of the sum, always the sum of the
    points. Forecasts are made from up to `most` origins evenly spread over the validation part, fewer where there are
    many series, each of the days from there to the end of the part.
    """
    part = slice(span.train_end, span.validation_end)
    series = np.flatnonzero(panel.mask[:, part].any(axis=1)).astype(np.int64)
    days = span.validation_end - span.train_end
    count = min(days, most, max(FEWEST, PAIRS // max(1, len(series))))
    own, total = (_Pile(min(days, STEPS), days, len(quantiles)) for _ in range(2))
    for origin in np.unique(np.linspace(span.train_end, span.validation_end - 1, count).astype(np.int64)).tolist():
        horizon = min(STEPS, span.validation_end - origin)
        sums = np.zeros((3, horizon))  # actual values, points, days that count
        for first in range(0, len(series), CHUNK):
            chosen = series[first : first + CHUNK]
            starts = np.full(len(chosen), origin, dtype=np.int64)
            forecast = fitted.forecast(panel, chosen, starts, horizon)
            point = forecast.point.astype(np.float64)
            actual = panel.target[chosen, origin : origin + horizon].astype(np.float64)
            counted = panel.mask[chosen, origin : origin + horizon] & np.isfinite(forecast.values).all(axis=2)
            counted &= ~(closed(panel, chosen, starts, horizon) & (point == 0))
            scale = scales(panel, chosen, starts, unit)[:, None, None]
            row, day = np.nonzero(counted)
            own.add(((actual[:, :, None] - bases(forecast, quantiles)) / scale)[row, day], day, origin - span.train_end)
            sums += [(values * counted).sum(axis=0) for values in (actual, np.nan_to_num(point), counted)]
        day = np.flatnonzero(sums[2])
        if len(series) > 1:
            error = (sums[0] - sums[1])[day] / total_scale(panel, series, origin, unit)
            total.add(np.repeat(error[:, None], len(quantiles), axis=1), day, origin - span.train_end)
    return own.scores(), total.scores() if len(series) > 1 else None


def bases(forecast: Forecast, quantiles: Sequence[float]) -> F64:
    """[B, H, Q]: of each level the model's own quantile, or its point where it has none."""
    places = [forecast.quantiles.index(quantile if quantile in forecast.quantiles else 0.5) for quantile in quantiles]
    return forecast.values[:, :, places].astype(np.float64)


class _Pile:
    """Scores as they come."""

    def __init__(self, steps: int, days: int, quantiles: int) -> None:
        self._values = [np.zeros((0, quantiles))]
        self._step = [np.zeros(0, dtype=np.int64)]
        self._dates = np.zeros((steps, days), dtype=np.bool_)

    def add(self, values: F64, step: I64, first: int) -> None:
        """Scores of the days `step` after day `first` of the part."""
        self._values.append(values)
        self._step.append(step)
        self._dates[step, first + step] = True

    def scores(self) -> Scores:
        return Scores(np.concatenate(self._values), np.concatenate(self._step), self._dates)
