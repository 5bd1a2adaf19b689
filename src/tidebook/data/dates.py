"""Days from whatever a column holds: dates, moments, numbers like 20240131, or text in one format."""

from __future__ import annotations

import polars as pl

from tidebook.core.errors import DataFault

FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%Y年%m月%d日",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
)


def as_days(rows: pl.LazyFrame, column: str) -> pl.Expr:
    """An expression that gives `column` as pl.Date, null where it is null.

    DataFault where the column holds something else, or text in no single format.
    """
    kind = rows.collect_schema()[column]
    values = pl.col(column)
    if kind == pl.Date:
        return values
    if isinstance(kind, pl.Datetime):
        return values.dt.date()
    if kind.is_integer():
        values = values.cast(pl.String)
    elif kind not in (pl.String, pl.Categorical):
        raise DataFault(
            f"The date column {column} must hold days",
            got=f"values of type {kind}",
            fix="Choose another column.",
            column=column,
        )
    text = values.cast(pl.String).str.strip_chars()
    return text.str.strptime(pl.Date, _format(rows, column, text), strict=False)


def _format(rows: pl.LazyFrame, column: str, text: pl.Expr) -> str:
    """The one format that all values have; the earliest in FORMATS where several fit (day before month)."""
    parsed = [text.str.strptime(pl.Date, format_, strict=False) for format_ in FORMATS]
    counts = (
        rows.select(
            text.is_not_null().sum().alias("rows"),
            *(p.is_not_null().sum().alias(format_) for p, format_ in zip(parsed, FORMATS, strict=True)),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )
    best = max(FORMATS, key=lambda format_: counts[format_])
    if counts[best] == counts["rows"]:
        return best
    if counts[best] == 0:
        examples = rows.select(text.drop_nulls().head(3)).collect()[column].to_list()
        raise DataFault(
            f"The date column {column} must hold days such as 2024-01-31",
            got=", ".join(map(repr, examples)) or "nothing but nulls",
            fix="Choose another column, or write the days as YYYY-MM-DD.",
            column=column,
        )
    best_parsed = parsed[FORMATS.index(best)]
    one = rows.filter(best_parsed.is_not_null()).select(text.head(1)).collect()[column][0]
    other = rows.filter(best_parsed.is_null() & text.is_not_null()).select(text.head(1)).collect()[column][0]
    raise DataFault(
        f"All days in the column {column} must be written in one format",
        got=f"{one!r} in {counts[best]:,} rows but {other!r} in others ({counts['rows'] - counts[best]:,} rows)",
        fix="Write all of them as YYYY-MM-DD.",
        column=column,
    )
