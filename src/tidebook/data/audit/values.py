"""Rules about what the cells hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tidebook.data.finding import Finding, Severity, finding
from tidebook.data.grid import Grid
from tidebook.data.sources.reading import reading
from tidebook.data.tidy import Tidy


def missing(grid: Grid, column: str) -> list[Finding]:
    """Empty cells in the target."""
    return _target(grid, "nulls", "warning", column, "as_missing", counted="missing")


def not_finite(grid: Grid, column: str) -> list[Finding]:
    """NaN and infinities in the target."""
    return _target(grid, "not_finite", "warning", column, "as_missing")


def negative(grid: Grid, column: str) -> list[Finding]:
    """Negative values in the target: returns, or corrections."""
    return _target(grid, "negative", "info", column, "none")


def _target(
    grid: Grid, code: str, severity: Severity, column: str, treatment: str, counted: str | None = None
) -> list[Finding]:
    counts = grid.keys[counted or code].to_numpy()
    series = np.nonzero(counts)[0]
    if not len(series):
        return []
    return [
        finding(
            code,
            severity,
            column=column,
            count=int(counts.sum()),
            series_count=len(series),
            examples=grid.labels(series),
            treatment=treatment,
            key=counted or code,
        )
    ]


def nulls(table: Tidy) -> list[Finding]:
    """Empty cells of the covariates; what is read in their place depends on what the column says."""
    mapping = table.mapping
    if not mapping.covariates:
        return []
    with reading():
        counts = (
            table.rows.select(
                expression
                for name in mapping.covariates
                for value in [pl.col(f"x:{name}")]
                for expression in (
                    (value.is_null() | value.is_nan()).sum().alias(f"nulls:{name}"),
                    (value.is_finite() & (value != 0) & (value != 1)).any().alias(f"level:{name}"),
                )
            )
            .collect(engine="streaming")
            .row(0, named=True)
        )
    found = []
    for name in mapping.covariates:
        if count := counts[f"nulls:{name}"]:
            if name in mapping.static:
                treatment = "as_mean"
            elif name == mapping.open:
                treatment = "as_open"
            elif name in (mapping.known_future or ()) and counts[f"level:{name}"]:
                treatment = "carried"
            else:
                treatment = "as_zero"
            found.append(
                finding("nulls", "info", column=name, count=count, treatment=treatment, key=f"nulls_{treatment}")
            )
    return found


def unused(rows: pl.LazyFrame, columns: Sequence[str]) -> list[Finding]:
    """Empty cells in columns that nothing reads."""
    if not columns:
        return []
    with reading():
        counts = rows.select(pl.col(list(columns)).null_count()).collect(engine="streaming").row(0)
    return [
        finding("nulls", "info", column=name, count=count, key="nulls_unused")
        for name, count in zip(columns, counts, strict=True)
        if count
    ]
