"""How a fitted model does on the validation part: what the best of an identifier's versions is chosen by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tidebook.abc import Fitted
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span


def validation(fitted: Fitted, panel: Panel, span: Span) -> dict[str, Any]:
    """`{"wape": fraction or None, "end": last validated day}` of forecasts of the whole validation part from its
    first day: the same question for every algorithm, however many days it predicts at once.

    None where every observed value is 0.
    """
    horizon = span.validation_end - span.train_end
    series = np.flatnonzero(panel.mask[:, span.train_end : span.validation_end].any(axis=1)).astype(np.int64)
    forecast = fitted.forecast(panel, series, np.full(len(series), span.train_end, dtype=np.int64), horizon).point
    observed = panel.mask[series, span.train_end : span.validation_end]
    actual = panel.target[series, span.train_end : span.validation_end].astype(np.float64)
    size = float(np.abs(actual[observed]).sum())
    error = float(np.abs(forecast - actual)[observed].sum())
    return {"wape": error / size if size > 0 else None, "end": str(panel.dates[span.validation_end - 1])}
