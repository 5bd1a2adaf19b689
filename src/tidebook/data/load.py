"""From rows to a Panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from tidebook.core.arrays import F32, I64, Flags
from tidebook.core.errors import DataFault, InvalidInput, NotFound, nearest
from tidebook.core.scope import Scope
from tidebook.data.aggregate import aggregate
from tidebook.data.encode import Categories, encode
from tidebook.data.finding import Finding, finding
from tidebook.data.mapping import ColumnMapping, resolve
from tidebook.data.panel import Panel, SeriesKey
from tidebook.data.sources import open_source
from tidebook.data.tidy import DAY, PRODUCT, STORE, TARGET, tidy

MAX_DAYS = 366 * 200  #: longer calendars come from a wrong date


def load_panel(
    source: Any,
    mapping: ColumnMapping | None = None,
    scope: Scope | None = None,
    *,
    start: date | None = None,
    end: date | None = None,
    known_future: Sequence[str] | None = None,
) -> Panel:
    """The panel of what `scope` covers (default: all series as they are) from a path, frame or data source.

    `start` and `end` bound the days; `known_future` chooses among the covariates of the dataset, in this order.
    Only the columns and rows that are needed are read. Days without a row count as closed: target 0 and not
    observed, known covariates 0. Of several rows for a series and day the last counts.
    NotFound for unknown ids, DataFault for a scope without rows or a table that cannot be mended.
    """
    opened = open_source(source, mapping.encoding if mapping else None)
    rows = opened.scan()
    resolved = _with_known(resolve(mapping, _types(rows)), known_future, rows)
    scope = scope or Scope(mode="global", aggregation="none")
    table = _read(tidy(rows, resolved).rows, scope, start, end)
    cells = _cells(table)
    panel = _scatter(table, cells, resolved, opened.fingerprint(), tuple(rows.collect_schema()))
    if scope.aggregation is not None and scope.aggregation != "none":
        panel = aggregate(panel, scope.aggregation)
    return panel


def _types(rows: pl.LazyFrame) -> dict[str, str]:
    return {name: str(kind) for name, kind in rows.collect_schema().items()}


def _with_known(mapping: ColumnMapping, chosen: Sequence[str] | None, rows: pl.LazyFrame) -> ColumnMapping:
    if chosen is None:
        return mapping
    columns = _types(rows)
    for name in chosen:
        if name not in columns:
            raise InvalidInput(
                "A known-future covariate must be a column of the table",
                got=name,
                fix=nearest(name, columns),
                column=name,
            )
    used = {mapping.date, mapping.target, mapping.product, mapping.store}
    if wrong := next((name for name in chosen if name in used), None):
        raise InvalidInput(
            "A known-future covariate must be a column of its own",
            got=f"{wrong}, which has another meaning",
            fix="Leave it out.",
        )
    past = tuple(name for name in mapping.past or () if name not in chosen)
    opening = mapping.open if mapping.open in chosen else None
    return mapping.model_copy(update={"known_future": tuple(chosen), "past": past, "open": opening})


def _read(rows: pl.LazyFrame, scope: Scope, start: date | None, end: date | None) -> pl.DataFrame:
    filtered = rows
    for column, ids in ((PRODUCT, scope.product_ids), (STORE, scope.store_ids)):
        if ids:
            filtered = filtered.filter(pl.col(column).is_in(list(ids)))
    if start is not None:
        filtered = filtered.filter(pl.col(DAY) >= start)
    if end is not None:
        filtered = filtered.filter(pl.col(DAY) <= end)
    table = filtered.collect(engine="streaming")
    _check_ids(rows, table, scope)
    if table.is_empty():
        between = f" between {start or 'the first day'} and {end or 'the last'}" if start or end else ""
        raise DataFault(
            "A scope must have data",
            got=f"no row for {scope.description('this')[7:]}{between}",
            fix="Choose other products, stores or days.",
        )
    return table


def _check_ids(rows: pl.LazyFrame, table: pl.DataFrame, scope: Scope) -> None:
    for column, ids, kind in ((PRODUCT, scope.product_ids, "product"), (STORE, scope.store_ids, "store")):
        missing = set(ids) - set(table[column].unique().to_list())
        if not missing:
            continue
        known = set(rows.select(pl.col(column).unique()).collect(engine="streaming")[column].drop_nulls().to_list())
        unknown = sorted(missing - known)
        if unknown:
            raise NotFound(
                f"A {kind} must be in the data",
                got=unknown[0],
                fix=nearest(unknown[0], sorted(known)),
                missing=unknown[:20],
            )


@dataclass(frozen=True)
class _Cells:
    """Where each row belongs in the panel."""

    keys: tuple[SeriesKey, ...]
    first: np.datetime64  #: the first day of the calendar
    days: int  #: of the calendar
    kept: Flags  #: [N], rows with a series and a day
    flat: I64  #: [rows kept], series * days + day


def _cells(table: pl.DataFrame) -> _Cells:
    kept = (table[PRODUCT].is_not_null() & table[STORE].is_not_null() & table[DAY].is_not_null()).to_numpy()
    rows = table.filter(kept) if not kept.all() else table
    if rows.is_empty():
        raise DataFault(
            "Every row must have a series and a day", got="none that has", fix="Check the mapping of the columns."
        )
    keys = rows.select(PRODUCT, STORE).unique().sort(PRODUCT, STORE).with_row_index("series")
    series = (
        rows.select(PRODUCT, STORE)
        .join(keys, on=[PRODUCT, STORE], how="left", maintain_order="left")["series"]
        .to_numpy()
        .astype(np.int64)
    )
    offsets = rows[DAY].to_numpy().astype("datetime64[D]")
    first, last = offsets.min(), offsets.max()
    days = int((last - first).astype(int)) + 1
    if days > MAX_DAYS:
        raise DataFault(
            f"The days of a table must lie within {MAX_DAYS // 366} years",
            got=f"{first} to {last}",
            fix="Mend the wrong dates.",
        )
    flat = series * days + (offsets - first).astype(np.int64)
    names = tuple(SeriesKey(product, store) for product, store in keys.select(PRODUCT, STORE).iter_rows())
    return _Cells(names, first, days, kept, flat)


def _scatter(
    table: pl.DataFrame, cells: _Cells, mapping: ColumnMapping, fingerprint: str, columns_of_source: tuple[str, ...]
) -> Panel:
    rows = table if cells.kept.all() else table.filter(cells.kept)
    shape = (len(cells.keys), cells.days)
    values = rows[TARGET].to_numpy()
    finite = np.isfinite(values)
    mask = np.zeros(shape, dtype=np.bool_)
    mask.reshape(-1)[cells.flat] = finite
    target = np.zeros(shape, dtype=np.float32)
    target.reshape(-1)[cells.flat] = np.where(finite, values, 0.0)
    categories: Categories = {}

    def columns(names: Sequence[str]) -> F32:
        out = np.zeros((*shape, len(names)), dtype=np.float32)
        for i, name in enumerate(names):
            plane = np.zeros(shape[0] * shape[1], dtype=np.float32)
            plane[cells.flat] = encode(rows[f"x:{name}"], name, categories)
            out[:, :, i] = plane.reshape(shape)
        return out

    known, past = columns(mapping.known_future or ()), columns(mapping.past or ())
    return Panel(
        keys=cells.keys,
        dates=cells.first + np.arange(cells.days),
        target=target,
        mask=mask,
        known=known,
        known_names=tuple(mapping.known_future or ()),
        past=past,
        past_names=tuple(mapping.past or ()),
        static=_static(rows, cells, mapping.static, categories),
        static_names=mapping.static,
        end=cells.days,
        open_name=mapping.open if mapping.open in (mapping.known_future or ()) else None,
        country=mapping.country,
        fingerprint=fingerprint,
        categories=categories,
        mapping=mapping,
        columns=columns_of_source,
        findings=tuple(found.to_json() for found in _findings(table, cells, mask, finite, mapping)),
    )


def _static(rows: pl.DataFrame, cells: _Cells, names: Sequence[str], categories: Categories) -> F32:
    """[S, A]: of each series the value in its last row."""
    out = np.zeros((len(cells.keys), len(names)), dtype=np.float32)
    for i, name in enumerate(names):
        out[cells.flat // cells.days, i] = encode(rows[f"x:{name}"], name, categories)
    return out


def _findings(table: pl.DataFrame, cells: _Cells, mask: Flags, finite: Flags, mapping: ColumnMapping) -> list[Finding]:
    """What was treated on the way, counted from the arrays."""
    found = []
    if dropped := int((~cells.kept).sum()):
        found.append(finding("no_key", "warning", count=dropped, treatment="drop"))
    filled = np.zeros(mask.shape, dtype=np.bool_)
    filled.reshape(-1)[cells.flat] = True
    if twice := len(cells.flat) - int(filled.sum()):
        found.append(finding("duplicates", "warning", count=twice, treatment="keep_last"))
    if missing := int((~finite).sum()):
        found.append(finding("missing_target", "warning", column=mapping.target, count=missing, treatment="as_missing"))
    if gaps := int((~filled).sum()):
        series = int((~filled).any(axis=1).sum())
        found.append(finding("gaps", "warning", count=gaps, series_count=series, treatment="as_closed"))
    return found
