"""How good forecasts are. Arrays are [S, H] over series and days; `mask` says which actual values were observed.

What a definition leaves out is counted beside it. A metric without a single value to stand on is NaN.
Definitions: Hyndman and Koehler (2006), Another look at measures of forecast accuracy; the M4 and M5 competitions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tidebook.core.arrays import Flags

F64 = npt.NDArray[np.float64]
Values = npt.NDArray[np.floating[Any]]
CHUNK = 4096  #: series at a time where the whole past is looked at


def evaluate(
    y: Values, yhat: Values, mask: Flags, insample: Values, insample_mask: Flags, season: int = 7
) -> dict[str, float]:
    """All metrics over the observed values of y[S, H], pooled over the series.

    `insample` [S, T] is what came before the forecasts; mase and direction_accuracy need it. mape, smape and
    direction_accuracy in percent, wape a fraction, mae and rmse in the unit of y.
    """
    actual, forecast = y[mask].astype(np.float64), yhat[mask].astype(np.float64)
    mape_value, mape_left_out = mape(actual, forecast)
    mase_value, mase_left_out = mase(y, yhat, mask, insample, insample_mask, season)
    return {
        "mae": mae(actual, forecast),
        "rmse": rmse(actual, forecast),
        "mape": mape_value,
        "mape_left_out": mape_left_out,
        "r2": r2(actual, forecast),
        **direction(y, yhat, mask, insample, insample_mask),
        "smape": smape(actual, forecast),
        "wape": wape(actual, forecast),
        "mase": mase_value,
        "mase_season": season,
        "mase_left_out": mase_left_out,
        "points": len(actual),
    }


def mae(y: F64, yhat: F64) -> float:
    """Mean of |y - yhat|."""
    return _mean(np.abs(y - yhat))


def rmse(y: F64, yhat: F64) -> float:
    """Root of the mean of (y - yhat)²."""
    return float(np.sqrt(_mean(np.square(y - yhat))))


def mape(y: F64, yhat: F64) -> tuple[float, int]:
    """100 · mean of |y - yhat| / |y|, and how many points were left out because their y is 0."""
    kept = y != 0
    return 100 * _mean(np.abs(y[kept] - yhat[kept]) / np.abs(y[kept])), int((~kept).sum())


def smape(y: F64, yhat: F64) -> float:
    """200 · mean of |y - yhat| / (|y| + |yhat|), where 0/0 is 0."""
    size = np.abs(y) + np.abs(yhat)
    return 200 * _mean(np.divide(np.abs(y - yhat), size, out=np.zeros_like(size), where=size > 0))


def wape(y: F64, yhat: F64) -> float:
    """Sum of |y - yhat| over the sum of |y|; NaN where every y is 0."""
    size = float(np.abs(y).sum())
    return float(np.abs(y - yhat).sum()) / size if size > 0 else np.nan


def r2(y: F64, yhat: F64) -> float:
    """1 - the sum of (y - yhat)² over that of (y - mean of y)²; NaN where y does not vary."""
    if len(y) == 0:
        return np.nan
    total = float(np.square(y - y.mean()).sum())
    return 1 - float(np.square(y - yhat).sum()) / total if total > 0 else np.nan


def mase(
    y: Values, yhat: Values, mask: Flags, insample: Values, insample_mask: Flags, season: int
) -> tuple[float, int]:
    """Each series' MAE over the mean of |y_t - y_(t-season)| of its in-sample part, averaged over the series.

    And how many series with forecasts were left out because that mean is 0 or there are no two such days.
    """
    parts = []
    for first in range(0, max(1, len(insample)), CHUNK):
        values = insample[first : first + CHUNK].astype(np.float64)
        seen = insample_mask[first : first + CHUNK]
        both: Flags = seen[:, :-season] & seen[:, season:]
        parts.append(_row_means(np.abs(values[:, season:] - values[:, :-season]), both))
    scale = np.concatenate(parts)
    error = _row_means(np.abs(y.astype(np.float64) - yhat), mask)
    asked = mask.any(axis=1)
    defined = asked & (scale > 0)
    return _mean(error[defined] / scale[defined]), int((asked & ~defined).sum())


def direction(y: Values, yhat: Values, mask: Flags, insample: Values, insample_mask: Flags) -> dict[str, float]:
    """How often forecasts are on the right side of the last value observed before them, in percent.

    Every step is compared with that value, not with the day before, which a forecaster would not know. Days whose
    actual value equals it are ties: they have no direction and are left out, and so are series without such a
    value. `direction_majority` is the share of the more frequent direction: what guessing it always would reach.
    """
    last = insample.shape[1] - 1 - insample_mask[:, ::-1].argmax(axis=1)
    origin = insample[np.arange(len(insample)), last][:, None].astype(np.float64)
    possible: Flags = mask & np.asarray(insample_mask.any(axis=1))[:, None]
    actual, forecast = np.sign(y - origin), np.sign(yhat - origin)
    counted: Flags = possible & (actual != 0)
    rising = _mean((actual[counted] > 0).astype(np.float64))
    return {
        "direction_accuracy": 100 * _mean((actual == forecast)[counted].astype(np.float64)),
        "direction_ties": int((possible & ~counted).sum()),
        "direction_left_out": int((mask & ~possible).sum()),
        "direction_majority": 100 * max(rising, 1 - rising),
    }


def _mean(values: F64) -> float:
    return float(values.mean()) if len(values) else np.nan


def _row_means(values: F64, mask: Flags) -> F64:
    """[S], NaN where a row has no value."""
    count = mask.sum(axis=1)
    sums = np.where(mask, values, 0.0).sum(axis=1)
    means: F64 = np.divide(sums, count, out=np.full(len(count), np.nan), where=count > 0)
    return means
