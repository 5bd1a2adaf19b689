"""A fitted model on days that it has not seen, beside the naive forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.abc import Forecast
from tidebook.algorithms.seasonal_naive import repeat_season
from tidebook.core.arrays import F32, I64, Flags
from tidebook.intervals import Calibrated
from tidebook.intervals.days import closed

if TYPE_CHECKING:
    from tidebook.abc import Fitted
    from tidebook.data.panel import Panel

NAIVE_SEASONS = (7, 14)


@dataclass(frozen=True)
class Evaluation:
    """What came of forecasting H days from one origin, for the M series that were observed on any of them."""

    origin: int  #: position of the first day
    refit: bool  #: whether the model was trained for this origin, after the one that is kept
    series: I64  #: [M], positions in the panel
    actual: F32  #: [M, H]
    mask: Flags  #: [M, H], what was observed of it
    forecast: Forecast  #: [M, H, Q]
    total: Forecast | None  #: [1, H, Q] of the sum of these series, where the model has intervals for it
    naive: dict[str, F32]  #: [M, H] of seasonal_naive_7 and seasonal_naive_14
    certain: Flags  #: [M, H], days known to be closed that are forecast 0: right by definition

    @property
    def values(self) -> F32:
        """The point forecasts, [M, H]."""
        return self.forecast.point


def evaluate(fitted: Fitted, panel: Panel, origin: int, horizon: int, *, refit: bool = False) -> Evaluation:
    """Forecasts `horizon` days from `origin` of every series that was observed on any of them, in one batch.

    Known covariates of these days are given to the model; of the target it reads nothing from the origin on.
    """
    days = slice(origin, origin + horizon)
    series = np.flatnonzero(panel.mask[:, days].any(axis=1)).astype(np.int64)
    origins = np.full(len(series), origin, dtype=np.int64)
    if len(series):
        forecast = fitted.forecast(panel, series, origins, horizon)
    else:
        forecast = Forecast(np.zeros((0, horizon, 1), dtype=np.float32))
    return Evaluation(
        origin=origin,
        refit=refit,
        series=series,
        actual=panel.target[series, days],
        mask=panel.mask[series, days],
        forecast=forecast,
        total=fitted.total(panel, series, origin, forecast) if isinstance(fitted, Calibrated) else None,
        naive={
            f"seasonal_naive_{season}": repeat_season(panel, series, origins, horizon, season)
            for season in NAIVE_SEASONS
        },
        certain=closed(panel, series, origins, horizon) & (forecast.point == 0),
    )


def predictions(panel: Panel, evaluation: Evaluation) -> list[dict[str, Any]]:
    """{series, product_id, store_id, origin, date, actual, prediction} of each observed day."""
    keys = [panel.keys[i] for i in evaluation.series]
    origin = str(panel.dates[evaluation.origin])
    dates = [str(day) for day in panel.dates[evaluation.origin : evaluation.origin + evaluation.actual.shape[1]]]
    values = evaluation.values
    return [
        {
            "series": keys[row].label,
            "product_id": keys[row].product_id,
            "store_id": keys[row].store_id,
            "origin": origin,
            "date": dates[day],
            "actual": float(evaluation.actual[row, day]),
            "prediction": float(values[row, day]),
        }
        for row, day in np.argwhere(evaluation.mask).tolist()
    ]
