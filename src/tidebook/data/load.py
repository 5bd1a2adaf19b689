"""From rows to a Panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from tidebook.core.errors import DataFault, InvalidInput, NotFound, nearest
from tidebook.core.scope import Scope
from tidebook.data.aggregate import aggregate
from tidebook.data.mapping import ColumnMapping, resolve
from tidebook.data.panel import Panel
from tidebook.data.scatter import scatter
from tidebook.data.sources import open_source
from tidebook.data.sources.reading import reading
from tidebook.data.survey import NO_ROWS, Survey, survey
from tidebook.data.tidy import DAY, PRODUCT, STORE, Tidy, tidy


def load_panel(
    source: Any,
    mapping: ColumnMapping | None = None,
    scope: Scope | None = None,
    *,
    start: date | None = None,
    end: date | None = None,
    known_future: Sequence[str] | None = None,
    categories: Mapping[str, tuple[str, ...]] | None = None,
) -> Panel:
    """The panel of what `scope` covers (default: all series as they are) from a path, frame or data source.

    `start` and `end` bound the days; `known_future` chooses among the covariates of the dataset, in this order;
    `categories` are those of the panel that a model was trained on (default: made from the table).
    Only the columns and rows that are needed are read. The calendar runs from the first to the last day on which
    anything was observed. Days without a row count as closed: target 0 and not observed, covariates that say yes
    or no 0, a level such as a price as last stated. Of several rows for a series and day the last counts. Rows after
    the last observed day are the plan of the days to come. A text that `categories` lacks gets a code of its own.
    NotFound for unknown ids, DataFault for a scope without rows or a table that cannot be mended.
    """
    opened = open_source(source, mapping.encoding if mapping else None)
    rows = opened.scan()
    columns = {name: str(kind) for name, kind in rows.collect_schema().items()}
    resolved = _with_known(resolve(mapping, columns), known_future, columns)
    scope = scope or Scope(mode="global", aggregation="none")
    with reading():
        whole = tidy(rows, resolved, categories)
    table = _narrow(whole, scope, start, end)
    try:
        found = survey(table)
    except DataFault as fault:
        _check_ids(whole.rows, None, scope)
        raise _without_data(scope, start, end, fault) from fault
    _check_ids(whole.rows, found, scope)
    panel = scatter(table, found, opened.fingerprint(), tuple(columns))
    if scope.aggregation is not None and scope.aggregation != "none":
        panel = aggregate(panel, scope.aggregation)
    return panel


def _with_known(mapping: ColumnMapping, chosen: Sequence[str] | None, columns: Mapping[str, str]) -> ColumnMapping:
    if chosen is None:
        return mapping
    for name in chosen:
        if name not in columns:
            raise InvalidInput(
                "A known-future covariate must be a column of the table",
                got=name,
                fix=nearest(name, columns),
                column=name,
            )
    used = {mapping.date, mapping.target, mapping.product, mapping.store, *mapping.static}
    if wrong := next((name for name in chosen if name in used), None):
        raise InvalidInput(
            "A known-future covariate must be a column of its own",
            got=f"{wrong}, which has another meaning",
            fix="Leave it out.",
        )
    past = tuple(name for name in mapping.past or () if name not in chosen)
    opening = mapping.open if mapping.open in chosen else None
    return mapping.model_copy(update={"known_future": tuple(dict.fromkeys(chosen)), "past": past, "open": opening})


def _narrow(table: Tidy, scope: Scope, start: date | None, end: date | None) -> Tidy:
    """The rows of the scope; the filters reach down to the file, which is read only where they may hold."""
    wanted = [
        pl.col(column).is_in(list(ids))
        for column, ids in ((PRODUCT, scope.product_ids), (STORE, scope.store_ids))
        if ids
    ]
    if start is not None:
        wanted.append(pl.col(DAY) >= start)
    if end is not None:
        wanted.append(pl.col(DAY) <= end)
    return replace(table, rows=table.rows.filter(*wanted)) if wanted else table


def _check_ids(rows: pl.LazyFrame, found: Survey | None, scope: Scope) -> None:
    """NotFound where an id of the scope is nowhere in the table."""
    for column, ids, kind in ((PRODUCT, scope.product_ids, "product"), (STORE, scope.store_ids, "store")):
        missing = set(ids) - (set(found.keys[column]) if found else set())
        if not missing:
            continue
        with reading():
            known = set(rows.select(pl.col(column).unique()).collect(engine="streaming")[column].drop_nulls())
        unknown = sorted(missing - known)
        if unknown:
            raise NotFound(
                f"A {kind} must be in the data",
                got=unknown[0],
                fix=nearest(unknown[0], sorted(known)),
                missing=unknown[:20],
            )


def _without_data(scope: Scope, start: date | None, end: date | None, fault: DataFault) -> DataFault:
    """The fault of a table, told of its scope where that is what is empty."""
    if fault.got != NO_ROWS:
        return fault
    between = f" between {start or 'the first day'} and {end or 'the last'}" if start or end else ""
    return DataFault(
        "A scope must have data",
        got=f"no row for {scope.description('this')[7:]}{between}",
        fix="Choose other products, stores or days.",
    )
