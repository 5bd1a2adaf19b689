"""A table in the columns that everything else works with."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tidebook.core.errors import DataFault
from tidebook.core.scope import ALL
from tidebook.data.dates import as_days
from tidebook.data.mapping import ColumnMapping

PRODUCT, STORE, DAY, TARGET = "product_id", "store_id", "day", "y"


@dataclass(frozen=True)
class Tidy:
    """The rows with ids as text, the day as a date, and the target as a number; covariates behind `x:`."""

    rows: pl.LazyFrame  #: product_id, store_id: String · day: Date · y: Float64 · x:{name} as in the source
    mapping: ColumnMapping  #: resolved


def tidy(rows: pl.LazyFrame, mapping: ColumnMapping) -> Tidy:
    """The canonical columns of `rows`; `mapping` is resolved. DataFault for a target or day of a wrong type."""
    schema = rows.collect_schema()
    day = as_days(rows, mapping.date or "")
    columns = [
        _id(mapping.product, PRODUCT),
        _id(mapping.store, STORE),
        day.alias(DAY),
        _target(rows, mapping.target or "").alias(TARGET),
        *(_covariate(name, schema[name]).alias(f"x:{name}") for name in mapping.covariates),
    ]
    return Tidy(rows.select(columns), mapping)


def _id(column: str | None, name: str) -> pl.Expr:
    if column is None:
        return pl.lit(ALL).alias(name)
    return pl.col(column).cast(pl.String).str.strip_chars().alias(name)


def _target(rows: pl.LazyFrame, column: str) -> pl.Expr:
    kind = rows.collect_schema()[column]
    if kind.is_numeric() or kind == pl.Boolean:
        return pl.col(column).cast(pl.Float64)
    values = pl.col(column).cast(pl.String).str.strip_chars()
    number = values.cast(pl.Float64, strict=False)
    if kind == pl.String or isinstance(kind, pl.Categorical):
        wrong = (
            rows.filter(values.is_not_null() & (values != "") & number.is_null())
            .select(values.head(3))
            .collect(engine="streaming")
        )
        if wrong.is_empty():
            return number
        got = ", ".join(map(repr, wrong[column].to_list()))
    else:
        got = f"values of type {kind}"
    raise DataFault(
        f"The target {column} must be numbers",
        got=got,
        fix="Name another column as the target, or mend these cells.",
        column=column,
    )


def _covariate(column: str, kind: pl.DataType) -> pl.Expr:
    return (
        pl.col(column).cast(pl.Float64) if kind == pl.Boolean or kind.is_numeric() else pl.col(column).cast(pl.String)
    )
