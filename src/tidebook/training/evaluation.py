"""The evaluation on the held-out end, beside the naive forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.core.arrays import F32, Flags
from tidebook.training.metrics import measure, naive_scale

if TYPE_CHECKING:
    from tidebook.abc import Fitted
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

SEASONS = (7, 14)  #: days of the seasonal naive forecasts that stand beside every model


@dataclass(frozen=True)
class Evaluation:
    """How a model did on days that it never saw."""

    metrics: dict[str, Any]  #: pooled over series and days, see `training.metrics`
    baseline: dict[str, dict[str, Any]]  #: the same of seasonal_naive_7 and seasonal_naive_14
    per_series: list[dict[str, Any]]  #: product_id, store_id and the metrics of each series
    predictions: list[dict[str, Any]]  #: series, product_id, store_id, date, actual, prediction
    origin: int  #: position of the first day forecast
    predicted: F32  #: [S, H]


def evaluate(fitted: Fitted, panel: Panel, span: Span, *, season: int = 7) -> Evaluation:
    """Forecasts the test part of all series from its first day and measures the error over its observed days.

    `season` is that of MASE, whose scale comes from the days before the test part.
    """
    origin, end = span.validation_end, span.test_end
    count = len(panel.keys)
    predicted = fitted.forecast(panel, np.arange(count), np.full(count, origin), end - origin).point
    actual, mask = panel.target[:, origin:end], panel.mask[:, origin:end]
    before = _last_seen(panel, origin)
    scale = naive_scale(panel.target[:, :origin], panel.mask[:, :origin], season)
    baseline = {
        f"seasonal_naive_{days}": measure(
            actual, seasonal_naive(panel, origin, end - origin, days), mask, before, scale
        )
        for days in SEASONS
    }
    return Evaluation(
        metrics=measure(actual, predicted, mask, before, scale),
        baseline=baseline,
        per_series=[
            {
                "product_id": key.product_id,
                "store_id": key.store_id,
                **measure(actual[[i]], predicted[[i]], mask[[i]], before[[i]], scale[[i]]),
            }
            for i, key in enumerate(panel.keys)
        ],
        predictions=_predictions(panel, origin, predicted, mask),
        origin=origin,
        predicted=predicted,
    )


def seasonal_naive(panel: Panel, origin: int, horizon: int, season: int) -> F32:
    """[S, H]: the last `season` days before `origin`, repeated."""
    last = panel.target[:, max(0, origin - season) : origin]
    repeats = -(-horizon // last.shape[1])
    return np.tile(last, (1, repeats))[:, :horizon]


def _last_seen(panel: Panel, origin: int) -> F32:
    """[S]: the last observed value before `origin`, 0 where there is none."""
    seen: Flags = panel.mask[:, :origin]
    last = origin - 1 - seen[:, ::-1].argmax(axis=1)
    values = panel.target[np.arange(len(panel.keys)), last]
    return np.where(seen.any(axis=1), values, 0).astype(np.float32)


def _predictions(panel: Panel, origin: int, predicted: F32, mask: Flags) -> list[dict[str, Any]]:
    days = [str(day) for day in panel.dates[origin : origin + predicted.shape[1]]]
    return [
        {
            "series": key.label,
            "product_id": key.product_id,
            "store_id": key.store_id,
            "date": day,
            "actual": float(panel.target[i, origin + step]) if mask[i, step] else None,
            "prediction": float(predicted[i, step]),
        }
        for i, key in enumerate(panel.keys)
        for step, day in enumerate(days)
    ]
