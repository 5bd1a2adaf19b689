"""The audit: read the table once in columns, then apply one rule after another."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tidebook.core.errors import DataFault
from tidebook.data.audit import rules, values
from tidebook.data.audit.report import AuditReport
from tidebook.data.grid import Grid, cells, count, grid
from tidebook.data.mapping import ColumnMapping, resolve
from tidebook.data.sources import open_source
from tidebook.data.sources.reading import reading
from tidebook.data.survey import survey
from tidebook.data.tidy import PRODUCT, STORE, Tidy, tidy

ORDER = {"error": 0, "warning": 1, "info": 2}


def audit(source: Any, mapping: ColumnMapping | None = None) -> AuditReport:
    """What the table behind a path, frame or data source holds, and what is wrong with it and how that is treated.

    DataFault where nothing could be treated: no rows, a target that is text, days in two formats.
    """
    rows = open_source(source, mapping.encoding if mapping else None).scan()
    columns = [{"name": name, "type": str(kind)} for name, kind in rows.collect_schema().items()]
    resolved = resolve(mapping, {column["name"]: column["type"] for column in columns})
    with reading():
        table = tidy(rows, resolved)
    grid_ = read(table)
    if grid_.rows < 2:
        raise DataFault("A table must have at least two rows", got="one", fix="Give it more days.")
    found = [*rules.findings(table, grid_), *values.unused(rows, _unused(resolved, columns))]
    return AuditReport(
        summary=_summary(grid_, resolved, columns),
        findings=tuple(sorted(found, key=lambda finding: ORDER[finding.severity])),
        mapping=resolved,
        products=_ids(grid_, PRODUCT) if resolved.product else (),
        stores=_ids(grid_, STORE) if resolved.store else (),
    )


def read(table: Tidy) -> Grid:
    """The grid of a tidy table."""
    found = survey(table)
    counts = np.zeros(len(found.keys) * found.days, dtype=np.int32)
    for flat, _ in cells(table.rows, found.keys, found.first, found.days, []):
        count(counts, flat)
    return grid(found, counts)


def _unused(mapping: ColumnMapping, columns: list[dict[str, str]]) -> list[str]:
    used = {mapping.date, mapping.target, mapping.product, mapping.store, *mapping.covariates}
    return [column["name"] for column in columns if column["name"] not in used]


def _ids(grid_: Grid, column: str) -> tuple[str, ...]:
    return tuple(grid_.keys.select(pl.col(column).unique().sort()).to_series().to_list())


def _summary(grid_: Grid, mapping: ColumnMapping, columns: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "rows": grid_.rows,
        "series": len(grid_.keys),
        "products": grid_.keys[PRODUCT].n_unique() if mapping.product else 0,
        "stores": grid_.keys[STORE].n_unique() if mapping.store else 0,
        "first_date": str(grid_.first),
        "last_date": str(grid_.first + grid_.days - 1),
        "days": grid_.days,
        "columns": columns,
    }
