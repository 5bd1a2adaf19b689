"""Rules about what the cells hold."""

from __future__ import annotations

import numpy as np
import polars as pl

from tidebook.data.audit.grid import LABELS, Grid
from tidebook.data.finding import Finding, finding
from tidebook.data.mapping import ColumnMapping
from tidebook.data.tidy import Tidy

INTERMITTENT = 0.6  #: share of days without demand from which a series counts as intermittent


def nulls(table: Tidy) -> list[Finding]:
    """Empty cells, by column."""
    names = {f"x:{name}": name for name in table.mapping.covariates} | {"y": table.mapping.target or "y"}
    counts = table.rows.select(pl.col(list(names)).null_count()).collect(engine="streaming").row(0, named=True)
    return [
        finding(
            "nulls",
            "warning" if key == "y" else "info",
            column=names[key],
            count=int(count),
            treatment="as_missing" if key == "y" else "as_zero",
            key="nulls_target" if key == "y" else "nulls",
        )
        for key, count in counts.items()
        if count
    ]


def not_finite(grid: Grid, mapping: ColumnMapping) -> list[Finding]:
    """NaN and infinities in the target."""
    return _cells(grid, "not_finite", "warning", mapping.target, "as_missing")


def negative(grid: Grid, mapping: ColumnMapping) -> list[Finding]:
    """Negative values in the target: returns, or corrections."""
    return _cells(grid, "negative", "info", mapping.target, "none")


def _cells(grid: Grid, code: str, severity: str, column: str | None, treatment: str) -> list[Finding]:
    counts = grid.keys[code].to_numpy()
    series = np.nonzero(counts)[0]
    if not len(series):
        return []
    return [
        finding(
            code,
            "warning" if severity == "warning" else "info",
            column=column,
            count=int(counts.sum()),
            series_count=len(series),
            examples=grid.labels(series),
            treatment=treatment,
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
    share = pl.col("zeros") / pl.col("rows")
    return _series(grid, "intermittent", (share >= INTERMITTENT) & (pl.col("high") > 0))


def _series(grid: Grid, code: str, rule: pl.Expr) -> list[Finding]:
    series = np.nonzero(grid.keys.select(rule.fill_null(value=False)).to_series().to_numpy())[0]
    if not len(series):
        return []
    return [
        finding(code, "info", count=len(series), series_count=len(series), examples=grid.labels(series), more=LABELS)
    ]
