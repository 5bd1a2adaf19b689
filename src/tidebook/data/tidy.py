"""A table in the columns that everything else works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from tidebook.core.errors import DataFault
from tidebook.core.scope import ALL
from tidebook.data.dates import as_days
from tidebook.data.encode import Categories, code, is_no_number, number
from tidebook.data.mapping import ColumnMapping

PRODUCT, STORE, DAY, TARGET, ROW = "product_id", "store_id", "day", "y", "row"
HEAD = 100_000  #: rows looked at first, where most texts show that they are words
FEW = 200  #: more different texts than this, most of them numbers, are a column of numbers with faults


@dataclass(frozen=True)
class Tidy:
    """The rows with ids as text, the day as a date, and the target as a number; covariates behind `x:`."""

    rows: pl.LazyFrame  #: product_id, store_id: String · day: Date · y, x:{name}: Float64 · row: digest of all cells
    mapping: ColumnMapping  #: resolved
    categories: Categories  #: of the covariates that are text
    given: tuple[str, ...]  #: those whose categories a model was trained with; their texts are in t:{name}


def tidy(rows: pl.LazyFrame, mapping: ColumnMapping, categories: Mapping[str, tuple[str, ...]] | None = None) -> Tidy:
    """The canonical columns of `rows`; `mapping` is resolved. DataFault for a target or day of a wrong type.

    `categories` are those that a model was trained with; without them the texts of the whole table make them.
    """
    seen: Categories = {}
    given = tuple(name for name in mapping.covariates if categories and name in categories)
    covariates = [_covariate(rows, name, seen, categories or {}).alias(f"x:{name}") for name in mapping.covariates]
    columns = [
        _id(rows, mapping.product, PRODUCT),
        _id(rows, mapping.store, STORE),
        as_days(rows, mapping.date or "").alias(DAY),
        _target(rows, mapping.target or "").alias(TARGET),
        *covariates,
        *(pl.col(name).cast(pl.String).alias(f"t:{name}") for name in given),
        pl.struct(pl.all()).hash().alias(ROW),
    ]
    return Tidy(rows.select(columns), mapping, seen, given)


def _id(rows: pl.LazyFrame, column: str | None, name: str) -> pl.Expr:
    if column is None:
        return pl.lit(ALL).alias(name)
    value = pl.col(column)
    if rows.collect_schema()[column].is_float():
        # pandas makes floats of integer ids as soon as one is missing: 7.0 was 7.
        value = pl.when(value == value.round()).then(value.cast(pl.Int64, strict=False)).otherwise(None)
    return value.cast(pl.String).alias(name)


def _target(rows: pl.LazyFrame, column: str) -> pl.Expr:
    kind = rows.collect_schema()[column]
    if kind.is_numeric() or kind == pl.Boolean:
        return pl.col(column).cast(pl.Float64)
    if not isinstance(kind, pl.String | pl.Categorical | pl.Enum):
        raise _no_numbers("The target", column, f"values of type {kind}")
    text = pl.col(column).cast(pl.String)
    wrong = rows.filter(is_no_number(text)).select(text).head(3).collect(engine="streaming")[column].to_list()
    if wrong:
        raise _no_numbers("The target", column, ", ".join(map(repr, wrong)))
    return number(text)


def _covariate(rows: pl.LazyFrame, column: str, seen: Categories, categories: Mapping[str, tuple[str, ...]]) -> pl.Expr:
    """The column as numbers; the texts of a text column are put into `seen`."""
    kind = rows.collect_schema()[column]
    if column not in categories:
        if kind == pl.Boolean or kind.is_numeric():
            return pl.col(column).cast(pl.Float64)
        if not isinstance(kind, pl.String | pl.Categorical | pl.Enum):
            raise _no_numbers("The covariate", column, f"values of type {kind}")
    text = pl.col(column).cast(pl.String)
    if column in categories:
        seen[column] = tuple(categories[column])
        return code(text, seen[column])
    if not any(_holds_words(part, text) for part in (rows.head(HEAD), rows)):
        return number(text)
    written = (
        rows.select(text.alias("text"))
        .group_by("text")
        .len("rows")
        .collect(engine="streaming")
        .group_by(pl.col("text").fill_null(""))
        .agg(pl.col("rows").sum())
        .sort("rows", "text", descending=[True, False])
        .with_columns(wrong=is_no_number(pl.col("text")))
    )
    texts = written.filter(pl.col("text") != "")
    if len(texts) > FEW and texts["rows"].filter(texts["wrong"]).sum() < texts["rows"].sum() / 2:
        raise _no_numbers("The covariate", column, ", ".join(map(repr, texts.filter("wrong")["text"].head(3))))
    mostly_empty = written["rows"].filter(written["text"] == "").sum() > texts["rows"][0]
    seen[column] = (*([""] if mostly_empty else []), *texts["text"])
    return code(text, seen[column])


def _holds_words(rows: pl.LazyFrame, text: pl.Expr) -> bool:
    """Whether any row says something that is not a number."""
    return not rows.filter(is_no_number(text)).select(text).head(1).collect(engine="streaming").is_empty()


def _no_numbers(what: str, column: str, got: str) -> DataFault:
    return DataFault(
        f"{what} {column} must be numbers",
        got=got,
        fix="Name another column, or mend these cells.",
        column=column,
    )
