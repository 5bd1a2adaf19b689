"""Many series made one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tidebook.core.arrays import Flags
from tidebook.core.scope import Aggregation
from tidebook.data.panel import Panel, SeriesKey

METHODS: dict[str, Callable[..., Any]] = {
    "sum": np.nansum,
    "mean": np.nanmean,
    "median": np.nanmedian,
    "max": np.nanmax,
    "min": np.nanmin,
}


def aggregate(panel: Panel, method: Aggregation) -> Panel:
    """The panel as one series: the target over what was observed each day, covariates by their mean over all series.

    A day on which no series was observed is not observed. An aggregate is open when any series is.
    """
    observed = np.where(panel.mask, panel.target.astype(np.float64), np.nan)
    seen: Flags = panel.mask.any(axis=0)  # type: ignore[assignment]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # days without any observation
        target = METHODS[method](observed, axis=0)
    known = panel.known.mean(axis=0, dtype=np.float64)
    if panel.open_name is not None:
        i = panel.known_names.index(panel.open_name)
        known[:, i] = panel.known[:, :, i].max(axis=0)
    return replace(
        panel,
        keys=(SeriesKey(),),
        target=np.where(seen, np.nan_to_num(target), 0.0).astype(np.float32)[None],
        mask=seen[None],
        known=known.astype(np.float32)[None],
        past=panel.past.mean(axis=0, dtype=np.float64).astype(np.float32)[None],
        static=panel.static.mean(axis=0, keepdims=True, dtype=np.float64).astype(np.float32),
    )
