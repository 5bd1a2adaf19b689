"""A fitted model on the held-out end, beside the naive forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.algorithms.seasonal_naive import repeat_season
from tidebook.core.arrays import F32, I64
from tidebook.training import metrics

if TYPE_CHECKING:
    from tidebook.abc import Fitted
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

NAIVE_SEASONS = (7, 14)


@dataclass(frozen=True)
class Evaluation:
    """What came of forecasting the whole test part from its first day."""

    metrics: dict[str, float]  #: over all series and days; see training.metrics
    per_series: list[dict[str, Any]]  #: {series, product_id, store_id, metrics}, in the panel's order
    baseline: dict[str, dict[str, float]]  #: the metrics of seasonal_naive_7 and seasonal_naive_14
    predictions: list[dict[str, Any]]  #: {series, product_id, store_id, date, actual, prediction}, observed days
    series: I64  #: [M], positions in the panel of the series with an observed test day
    origin: int  #: position of the first test day
    values: F32  #: [M, H], the point forecasts


def evaluate(fitted: Fitted, panel: Panel, span: Span, *, season: int = 7) -> Evaluation:
    """Forecasts the test part of every series that was observed in it, in one batch.

    `season` is that of MASE, in days. Known covariates of the test part are given to the model; of the target it
    reads nothing from the first test day on.
    """
    test = slice(span.validation_end, span.test_end)
    horizon = span.test_end - span.validation_end
    series = np.flatnonzero(panel.mask[:, test].any(axis=1)).astype(np.int64)
    origin = np.full(len(series), span.validation_end, dtype=np.int64)
    values = fitted.forecast(panel, series, origin, horizon).point
    y, mask = panel.target[series, test], panel.mask[series, test]
    history, seen = panel.target[series, : span.validation_end], panel.mask[series, : span.validation_end]

    def measured(forecast: F32, rows: slice = slice(None)) -> dict[str, float]:
        return metrics.evaluate(y[rows], forecast[rows], mask[rows], history[rows], seen[rows], season)

    keys = [panel.keys[i] for i in series]
    dates = [str(day) for day in panel.dates[test]]
    return Evaluation(
        metrics=measured(values),
        per_series=[
            {
                "series": key.label,
                "product_id": key.product_id,
                "store_id": key.store_id,
                "metrics": measured(values, slice(row, row + 1)),
            }
            for row, key in enumerate(keys)
        ],
        baseline={
            f"seasonal_naive_{days}": measured(repeat_season(panel, series, origin, horizon, days))
            for days in NAIVE_SEASONS
        },
        predictions=[
            {
                "series": keys[row].label,
                "product_id": keys[row].product_id,
                "store_id": keys[row].store_id,
                "date": dates[day],
                "actual": float(y[row, day]),
                "prediction": float(values[row, day]),
            }
            for row, day in np.argwhere(mask).tolist()
        ],
        series=series,
        origin=span.validation_end,
        values=values,
    )
