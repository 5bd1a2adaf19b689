"""Rules about whole rows."""

from __future__ import annotations

import numpy as np

from tidebook.data.finding import LABELS, Finding, finding
from tidebook.data.grid import Grid, cells
from tidebook.data.planning import unstated
from tidebook.data.tidy import ROW, Tidy


def without_key(grid: Grid) -> list[Finding]:
    """Rows without a product, store or day belong nowhere."""
    return [finding("no_key", "warning", count=grid.broken, treatment="drop")] if grid.broken else []


def ahead(grid: Grid) -> list[Finding]:
    """Rows dated after today, which no sale can be."""
    if not grid.ahead:
        return []
    return [finding("future_dates", "warning", count=grid.ahead, examples=(str(grid.last_ahead),), treatment="drop")]


def untold(grid: Grid, column: str) -> list[Finding]:
    """Rows before the first day that has a target, and rows after the last that are no plan."""
    if not grid.untold:
        return []
    return [finding("untold", "info", column=column, count=grid.untold, treatment="drop")]


def planned(grid: Grid, column: str) -> list[Finding]:
    """Rows without a target after the last day that has one."""
    if not grid.planned:
        return []
    last = str(grid.end + grid.planned_days - 1)
    return [finding("planned", "info", column=column, count=grid.planned, examples=(last,), treatment="as_plan")]


def unplanned(table: Tidy, grid: Grid) -> list[Finding]:
    """Covariates that are declared known in the future, and are not told in the rows of the future."""
    return [finding("unplanned", "error", column=name, count=grid.planned) for name in unstated(table, grid)]


def duplicates(table: Tidy, grid: Grid) -> list[Finding]:
    """Rows that say the same twice, and rows that contradict another of the same series and day."""
    crowded = grid.counts.reshape(-1) > 1
    if not crowded.any():
        return []
    parts = [
        (flat[chosen], batch[ROW].to_numpy()[chosen])
        for flat, batch in cells(table.rows, grid.keys, grid.first, grid.days, [ROW])
        for chosen in [crowded[flat]]
    ]
    cell, row = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((row, cell))
    cell, row = cell[order], row[order]
    same_cell = cell[1:] == cell[:-1]
    same_row = same_cell & (row[1:] == row[:-1])
    return [
        *_twice(grid, "duplicates", cell[1:][same_row], "drop"),
        *_twice(grid, "conflicts", cell[1:][same_cell & ~same_row], "keep_last"),
    ]


def _twice(grid: Grid, code: str, cell: np.ndarray, treatment: str) -> list[Finding]:
    if not len(cell):
        return []
    named = np.unique(cell)[:LABELS]
    return [
        finding(
            code,
            "warning",
            count=len(cell),
            series_count=len(np.unique(cell // grid.days)),
            examples=tuple(f"{grid.label(int(one // grid.days))} {grid.first + one % grid.days}" for one in named),
            treatment=treatment,
        )
    ]
