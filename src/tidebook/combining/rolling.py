"""Forecasts from several origins of the validation part: what candidates are compared and members weighed by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tidebook.core.arrays import F32, F64, I64
from tidebook.core.errors import DataFault

if TYPE_CHECKING:
    from tidebook.abc import Fitted
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

ORIGINS = 5  #: origins at most
SERIES = 1000  #: series at most, evenly spread over the panel: comparing models needs no more
WEEK = 7  #: days; origins are whole weeks apart, so that each asks for the same days of the week


@dataclass(frozen=True)
class Rolling:
    """The same questions for every model, and their answers."""

    panel: Panel
    series: I64  #: [M], positions in the panel
    windows: tuple[tuple[int, int], ...]  #: origin and horizon, within the validation part
    actual: F64  #: [P], the observed values: by window, then series, then day

    @classmethod
    def over(cls, panel: Panel, span: Span) -> Rolling:
        """The questions of a panel's validation part, with the horizon of its test part where that fits.

        DataFault where no day of the validation part was observed.
        """
        part = slice(span.train_end, span.validation_end)
        series = np.flatnonzero(panel.mask[:, part].any(axis=1)).astype(np.int64)
        if len(series) == 0:
            raise DataFault(
                "The validation part must hold days with a target",
                got=f"none in {span.validation_end - span.train_end} days",
                fix="Choose more validation days, or end the data where the observations end.",
            )
        if len(series) > SERIES:
            series = series[np.linspace(0, len(series) - 1, SERIES).astype(np.int64)]
        windows = questions(span)
        actual = [
            panel.target[series, origin : origin + days][panel.mask[series, origin : origin + days]]
            for origin, days in windows
        ]
        return cls(panel, series, windows, np.concatenate(actual).astype(np.float64))

    def forecast(self, fitted: Fitted) -> F32:
        """[P]: the model's forecasts of `actual`, each made from its window's origin."""
        parts = []
        for origin, days in self.windows:
            origins = np.full(len(self.series), origin, dtype=np.int64)
            values = fitted.forecast(self.panel, self.series, origins, days).point
            parts.append(values[self.panel.mask[self.series, origin : origin + days]])
        return np.concatenate(parts)

    def error(self, forecasts: F32 | F64) -> float:
        """The sum of the absolute errors of `forecasts` [P]."""
        return float(np.abs(forecasts - self.actual).sum())

    def wape(self, forecasts: F32 | F64) -> float | None:
        """`error` as a fraction of what was observed; None where that is 0 throughout."""
        size = float(np.abs(self.actual).sum())
        return self.error(forecasts) / size if size > 0 else None


def questions(span: Span) -> tuple[tuple[int, int], ...]:
    """Origins and horizons: evenly spread over the validation part, the first at its first day.

    None reaches beyond the part. The horizon is that of the test part, or what is left of the validation part where
    that is less, but never less than half.
    """
    days = span.validation_end - span.train_end
    horizon = min(days, span.test_end - span.validation_end)
    room = days - -(-horizon // 2)  # from the first origin to the last
    stride = WEEK * max(1, -(-room // (WEEK * (ORIGINS - 1))))
    return tuple((span.train_end + offset, min(horizon, days - offset)) for offset in range(0, room + 1, stride))
