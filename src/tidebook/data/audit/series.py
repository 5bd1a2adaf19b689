"""Rules about whole series."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tidebook.data.finding import LABELS, Finding, finding
from tidebook.data.grid import Grid

INTERMITTENT = 0.6  #: share of days without demand from which a series counts as intermittent
SHORT_SERIES = 60  #: days below which a series can hardly be trained on


def silent(grid: Grid) -> list[Finding]:
    """Series without a single usable value."""
    if not grid.silent:
        return []
    count = len(grid.silent)
    return [
        finding(
            "silent",
            "warning",
            count=count,
            series_count=count,
            examples=grid.silent[:LABELS],
            treatment="drop",
        )
    ]


def all_zero(grid: Grid) -> list[Finding]:
    """Series in which nothing was ever sold."""
    return _series(grid, "all_zero", (pl.col("low") == 0) & (pl.col("high") == 0))


def constant(grid: Grid) -> list[Finding]:
    """Series that always hold the same value."""
    return _series(grid, "constant", (pl.col("low") == pl.col("high")) & (pl.col("low") != 0) & (pl.col("rows") > 1))


def intermittent(grid: Grid) -> list[Finding]:
    """Series with demand on few days only."""
    return _series(grid, "intermittent", (pl.col("zeros") / pl.col("rows") >= INTERMITTENT) & (pl.col("high") > 0))


def too_short(grid: Grid) -> list[Finding]:
    """Series with few days."""
    return _named(grid, "short_series", np.nonzero(grid.seen.sum(axis=1) < SHORT_SERIES)[0], days=SHORT_SERIES)


def _series(grid: Grid, code: str, rule: pl.Expr) -> list[Finding]:
    return _named(grid, code, np.nonzero(grid.keys.select(rule.alias("rule"))["rule"].to_numpy())[0])


def _named(grid: Grid, code: str, series: np.ndarray, **values: Any) -> list[Finding]:
    if not len(series):
        return []
    return [finding(code, "info", count=len(series), series_count=len(series), examples=grid.labels(series), **values)]
