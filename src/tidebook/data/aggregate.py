"""Many series made one."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tidebook.core.arrays import F32, Flags
from tidebook.core.scope import Aggregation
from tidebook.data.panel import Panel, SeriesKey
from tidebook.data.plan import Plan


def aggregate(panel: Panel, method: Aggregation) -> Panel:
    """The panel as one series: target and covariates over what was observed each day.

    Covariates count by their mean, codes of text by the most frequent. A day on which no series was observed is not
    observed. An aggregate is open when any series is.
    """
    seen: Flags = panel.mask.any(axis=0)  # type: ignore[assignment]
    target = np.where(seen, _combine(panel.target, panel.mask, method), 0.0)
    coded = panel.categorical(panel.known_names)
    everywhere = np.ones((len(panel.keys), 1), dtype=np.bool_)
    return replace(
        panel,
        keys=(SeriesKey(),),
        target=target.astype(np.float32)[None],
        mask=seen[None],
        known=_together(panel.known, panel.mask, coded)[None],
        past=_together(panel.past, panel.mask, panel.categorical(panel.past_names))[None],
        static=_together(panel.static[:, None], everywhere, panel.categorical(panel.static_names)),
        plan=panel.plan and _plan(panel.plan, coded),
    )


def _plan(plan: Plan, coded: Sequence[int]) -> Plan:
    """The plan as that of one series: each covariate and day over the series for which it is stated."""
    values = np.full((1, *plan.values.shape[1:]), np.nan, dtype=np.float32)
    for k in range(values.shape[2]):
        stated = ~np.isnan(plan.values[:, :, k])
        plane = np.where(stated, plan.values[:, :, k], np.float32(0))[:, :, None]
        one = _together(plane, stated, (0,) if k in coded else ())[:, 0]
        values[0, :, k] = np.where(stated.any(axis=0), one, np.float32(np.nan))
    return replace(plan, values=values)


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


def _together(values: F32, mask: Flags, coded: Sequence[int]) -> F32:
    """[T, C] of values [S, T, C]: over the observed series of the day, over all where none was observed."""
    out = np.empty(values.shape[1:], dtype=np.float32)
    counted = mask | ~mask.any(axis=0)
    for c in range(values.shape[2]):
        plane = values[:, :, c]
        if c in coded:
            out[:, c] = _most_frequent(plane, counted)
        else:
            out[:, c] = plane.sum(axis=0, where=counted, dtype=np.float64) / counted.sum(axis=0)
    return out


def _most_frequent(codes: F32, mask: Flags) -> F32:
    """[T] of codes [S, T] where mask [S, T]; of equally frequent ones the least."""
    days = codes.shape[1]
    kinds = int(codes.max(initial=0)) + 1
    counts = np.zeros(days * kinds, dtype=np.int64)
    for series, counted in zip(codes, mask, strict=True):
        cell = np.arange(days) * kinds + series.astype(np.int64)
        counts += np.bincount(cell[counted], minlength=days * kinds)
    return np.asarray(counts.reshape(days, kinds).argmax(axis=1), dtype=np.float32)
