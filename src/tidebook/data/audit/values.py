"""Rules about what the cells hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tidebook.data.finding import LABELS, Finding, Severity, finding, never_seen
from tidebook.data.grid import Grid
from tidebook.data.sources.reading import reading
from tidebook.data.tidy import PRODUCT, STORE, Tidy


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
            treatment = _in_place_of_null(table, name, level=counts[f"level:{name}"])
            common = next(iter(table.categories.get(name, ())), "")
            key = f"nulls_{treatment}"
            found.append(finding("nulls", "info", column=name, count=count, treatment=treatment, key=key, value=common))
    return found


def _in_place_of_null(table: Tidy, name: str, *, level: bool) -> str:
    """How an empty cell of a covariate is treated; `level`: whether it measures something."""
    mapping, categories = table.mapping, table.categories
    if name in mapping.static:
        if name not in categories:
            return "as_mean"
        return "as_most_frequent" if categories[name][0] else "as_empty"
    if name == mapping.open:
        return "as_open"
    carried = name in (mapping.known_future or ()) and name not in categories and level
    return "carried" if carried else "as_zero"


def unseen(table: Tidy) -> list[Finding]:
    """Texts that a model was not trained with, most frequent first."""
    found = []
    for name in table.given:
        strange = table.rows.filter(pl.col(f"x:{name}") == len(table.categories[name]))
        with reading():
            texts = (
                strange.group_by(f"t:{name}")
                .agg(pl.len().alias("rows"), pl.struct(PRODUCT, STORE).unique().alias("series"))
                .sort("rows", f"t:{name}", descending=[True, False])
                .collect(engine="streaming")
            )
        if len(texts):
            series = texts["series"].explode().n_unique()
            found.append(never_seen(name, int(texts["rows"].sum()), series, texts[f"t:{name}"].head(LABELS).to_list()))
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
