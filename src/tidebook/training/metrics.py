"""Measures of forecast error, over observed days alone, in original units."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tidebook.core.arrays import F32, Flags

F64 = npt.NDArray[np.float64]


def measure(actual: F32, predicted: F32, mask: Flags, before: F32, scale: F64) -> dict[str, Any]:
    """All metrics, pooled over series and days.

    actual, predicted, mask: [S, H]; before: [S], the last observed value before the origin; scale: [S], the
    in-sample scale of MASE (see `naive_scale`). mape, smape and direction_accuracy are percentages, wape is a
    fraction; undefined ones are None. What was left out of a metric stands beside it.
    """
    y, f = actual[mask].astype(np.float64), predicted[mask].astype(np.float64)
    if len(y) == 0:
        return dict.fromkeys(("mae", "rmse", "mape", "r2", "direction_accuracy", "smape", "wape", "mase")) | {
            "count": 0
        }
    error = np.abs(y - f)
    nonzero = y != 0
    direction, ties = _direction(actual, predicted, mask, before)
    mase, unscaled = _mase(actual, predicted, mask, scale)
    return {
        "mae": float(error.mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "mape": float(100 * (error[nonzero] / np.abs(y[nonzero])).mean()) if nonzero.any() else None,
        "r2": _ratio(float(((y - f) ** 2).sum()), float(((y - y.mean()) ** 2).sum()), lambda r: 1 - r),
        "direction_accuracy": direction,
        "smape": _smape(y, f),
        "wape": _ratio(float(error.sum()), float(np.abs(y).sum())),
        "mase": mase,
        "count": len(y),
        "mape_left_out": int((~nonzero).sum()),
        "direction_ties": ties,
        "mase_left_out": unscaled,
    }


def naive_scale(history: F32, mask: Flags, season: int) -> F64:
    """[S]: the mean of |y_t − y_{t−season}| over days that were both observed; NaN where there is none, or it is 0.

    history, mask: [S, T]. Hyndman and Koehler (2006).
    """
    both = mask[:, season:] & mask[:, :-season]
    difference = np.abs(history[:, season:].astype(np.float64) - history[:, :-season]) * both
    count = both.sum(axis=1)
    scale = np.divide(difference.sum(axis=1), count, out=np.full(len(history), np.nan), where=count > 0)
    return np.where(scale > 0, scale, np.nan)


def _ratio(part: float, whole: float, shape: Any = lambda ratio: ratio) -> float | None:
    return float(shape(part / whole)) if whole > 0 else None


def _smape(y: F64, f: F64) -> float:
    """200 · mean(|y − f| / (|y| + |f|)), with 0 / 0 := 0."""
    size = np.abs(y) + np.abs(f)
    return float(200 * np.divide(np.abs(y - f), size, out=np.zeros_like(size), where=size > 0).mean())


def _mase(actual: F32, predicted: F32, mask: Flags, scale: F64) -> tuple[float | None, int]:
    """The mean over series of their scaled errors, and how many series have no scale."""
    days = mask.sum(axis=1)
    mean = np.divide(
        (np.abs(actual.astype(np.float64) - predicted) * mask).sum(axis=1),
        days,
        out=np.zeros(len(days)),
        where=days > 0,
    )
    defined = np.isfinite(scale) & (days > 0)
    value = float((mean[defined] / scale[defined]).mean()) if defined.any() else None
    return value, int((days > 0).sum() - defined.sum())


def _direction(actual: F32, predicted: F32, mask: Flags, before: F32) -> tuple[float | None, int]:
    """Percent of days on which forecast and truth lie on the same side of the last value before the origin; ties."""
    moved = np.sign(actual - before[:, None])[mask]
    foreseen = np.sign(predicted - before[:, None])[mask]
    ties = moved == 0
    if ties.all():
        return None, int(ties.sum())
    return float(100 * (moved == foreseen)[~ties].mean()), int(ties.sum())
