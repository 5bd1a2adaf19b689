"""The audit: read the table once in columns, then apply one rule after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tidebook.core.errors import DataFault
from tidebook.data.audit import days, values
from tidebook.data.audit.grid import Grid, read_grid
from tidebook.data.audit.report import AuditReport
from tidebook.data.mapping import ColumnMapping, resolve
from tidebook.data.tidy import PRODUCT, STORE, Tidy, tidy

if TYPE_CHECKING:
    from tidebook.abc import DataSource

ORDER = {"error": 0, "warning": 1, "info": 2}


def audit(source: DataSource, mapping: ColumnMapping | None = None) -> AuditReport:
    """What the table holds and what is wrong with it, each fault with its treatment.

    DataFault where nothing could be treated: no rows, a target that is text, days in two formats.
    """
    rows = source.scan()
    schema = rows.collect_schema()
    resolved = resolve(mapping, {name: str(kind) for name, kind in schema.items()})
    table = tidy(rows, resolved)
    grid = read_grid(table)
    if grid.rows < 2:
        raise DataFault("A table must have at least two rows", got=f"{grid.rows}", fix="Give it more days.")
    found = [
        *days.broken_keys(grid),
        *days.duplicates(table, grid),
        *days.missing_everywhere(grid),
        *days.long_gaps(grid),
        *days.short_gaps(grid),
        *days.in_the_future(grid),
        *values.nulls(table),
        *values.not_finite(grid, resolved),
        *values.negative(grid, resolved),
        *values.all_zero(grid),
        *values.constant(grid),
        *values.intermittent(grid),
        *days.too_short(grid),
    ]
    return AuditReport(
        summary=_summary(table, grid, [{"name": name, "type": str(kind)} for name, kind in schema.items()]),
        findings=tuple(sorted(found, key=lambda finding: ORDER[finding.severity])),
        mapping=resolved,
        products=tuple(sorted(grid.keys[PRODUCT].unique().to_list())),
        stores=tuple(sorted(grid.keys[STORE].unique().to_list())),
    )


def _summary(table: Tidy, grid: Grid, columns: list[dict[str, str]]) -> dict[str, object]:
    return {
        "rows": grid.rows,
        "series": len(grid.keys),
        "products": grid.keys[PRODUCT].n_unique(),
        "stores": grid.keys[STORE].n_unique(),
        "first_date": str(grid.first),
        "last_date": str(grid.first + np.timedelta64(grid.counts.shape[1] - 1, "D")),
        "days": grid.counts.shape[1],
        "columns": columns,
    }
