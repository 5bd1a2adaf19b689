"""All rules, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Iterator

from tidebook.data.audit import days, rows, series, values
from tidebook.data.finding import Finding
from tidebook.data.grid import Grid
from tidebook.data.tidy import Tidy


def findings(table: Tidy, grid: Grid) -> Iterator[Finding]:
    """What is wrong with a table, rule by rule."""
    column = table.mapping.target or ""
    yield from rows.without_key(grid)
    yield from rows.ahead(grid)
    yield from rows.untold(grid, column)
    yield from rows.planned(grid, column)
    yield from rows.unplanned(table, grid)
    yield from rows.duplicates(table, grid)
    yield from days.missing_everywhere(grid)
    yield from days.long_gaps(grid, table.mapping)
    yield from days.short_gaps(grid)
    yield from values.missing(grid, column)
    yield from values.not_finite(grid, column)
    yield from values.negative(grid, column)
    yield from values.nulls(table)
    yield from values.unseen(table)
    yield from series.silent(grid)
    yield from series.all_zero(grid)
    yield from series.constant(grid)
    yield from series.intermittent(grid)
    yield from series.too_short(grid)


def treated(table: Tidy, grid: Grid) -> Iterator[Finding]:
    """Those findings about which something is done, and those about which nothing can be: what a run must record."""
    return (found for found in findings(table, grid) if found.treatment != "none" or found.severity == "error")
