"""Many series made one."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tidebook.core.arrays import F32, Flags
from tidebook.core.scope import Aggregation
from tidebook.data.panel import Panel, SeriesKey


def aggregate(panel: Panel, method: Aggregation) -> Panel:
    """The panel as one series: target and covariates over what was observed each day, covariates by their mean.

    A day on which no series was observed is not observed. An aggregate is open when any series is.
    """
    seen: Flags = panel.mask.any(axis=0)  # type: ignore[assignment]
    target = np.where(seen, _combine(panel.target, panel.mask, method), 0.0)
    known = _mean(panel.known, panel.mask)
    return replace(
        panel,
        keys=(SeriesKey(),),
        target=target.astype(np.float32)[None],
        mask=seen[None],
        known=known[None],
        past=_mean(panel.past, panel.mask)[None],
        static=panel.static.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32),
    )


def _combine(values: F32, mask: Flags, method: Aggregation) -> npt.NDArray[np.float64]:
    """[T] of values [S, T] where mask [S, T]; anything on days without observations."""
    if method == "median":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # days without any observation
            return np.asarray(np.nanmedian(np.where(mask, values, np.float32(np.nan)), axis=0), dtype=np.float64)
    if method == "max":
        return np.asarray(values.max(axis=0, where=mask, initial=-np.inf), dtype=np.float64)
    if method == "min":
        return np.asarray(values.min(axis=0, where=mask, initial=np.inf), dtype=np.float64)
    total = np.asarray(values.sum(axis=0, where=mask, dtype=np.float64))
    return total if method == "sum" else total / np.maximum(mask.sum(axis=0), 1)


def _mean(values: F32, mask: Flags) -> F32:
    """[T, C] of values [S, T, C]: the mean over the observed series of the day, over all where none was observed."""
    out = np.empty(values.shape[1:], dtype=np.float32)
    observed = mask.sum(axis=0)
    for c in range(values.shape[2]):
        plane = values[:, :, c]
        among = plane.sum(axis=0, where=mask, dtype=np.float64) / np.maximum(observed, 1)
        out[:, c] = np.where(observed > 0, among, plane.mean(axis=0, dtype=np.float64))
    return out
