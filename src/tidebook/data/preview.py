"""A first look at a dataset: rows as they are, and one series over time."""

from __future__ import annotations

from typing import Any

from tidebook.core.scope import Scope
from tidebook.data.locate import Located


def preview(located: Located, limit: int) -> dict[str, Any]:
    """The first `limit` rows, untouched: columns with their types, and rows of values as text or numbers."""
    import polars as pl

    from tidebook.data.sources import open_source
    from tidebook.data.sources.reading import reading

    with reading():
        rows = open_source(located.path, located.mapping.encoding).scan().head(limit).collect()
    shown = rows.with_columns(pl.col(pl.Date, pl.Datetime, pl.Time, pl.Duration, pl.Decimal).cast(pl.String))
    return {
        "columns": [{"name": name, "type": str(kind)} for name, kind in rows.schema.items()],
        "rows": [list(row) for row in shown.fill_nan(None).iter_rows()],
    }


def values(located: Located, product_id: str | None, store_id: str | None) -> dict[str, Any]:
    """The target by day of one product, one store, both, or (neither given) the sum of everything."""
    from tidebook.data.load import load_panel

    scope = Scope(
        mode="global",
        aggregation="sum",
        product_ids=(product_id,) if product_id else (),
        store_ids=(store_id,) if store_id else (),
    )
    panel = load_panel(located.path, located.mapping, scope)
    seen = panel.mask[0, : panel.end].tolist()
    return {
        "dates": [str(day) for day in panel.dates[: panel.end]],
        "values": [
            round(value, 4) if observed else None
            for value, observed in zip(panel.target[0, : panel.end].tolist(), seen, strict=True)
        ],
        "mask": seen,
    }
