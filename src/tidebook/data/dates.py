"""Days from whatever a column holds: dates, moments, numbers like 20240131, or text in one format."""

from __future__ import annotations

import polars as pl

from tidebook.core.errors import DataFault

FORMATS = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%Y.%m.%d",
    "%Y年%m月%d日",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
)


def as_days(rows: pl.LazyFrame, column: str) -> pl.Expr:
    """An expression that gives `column` as pl.Date, null where it is null.

    DataFault where the column holds something else, text in no single format, or several moments of a day.
    """
    kind = rows.collect_schema()[column]
    values = pl.col(column)
    if kind == pl.Date:
        return values
    if isinstance(kind, pl.Datetime):
        _check_moments(rows, column)
        return values.dt.date()
    if kind.is_integer():
        values = values.cast(pl.String)
    elif not isinstance(kind, pl.String | pl.Categorical | pl.Enum):
        raise DataFault(
            f"The date column {column} must hold days",
            got=f"values of type {kind}",
            fix="Choose another column.",
            column=column,
        )
    text = values.cast(pl.String).str.strip_chars()
    format_ = _format(rows, column, text)
    if "%H" in format_:
        _check_moments(rows.select(text.str.to_datetime(format_, strict=False).alias(column)), column)
    return text.str.to_date(format_, strict=False)


def _format(rows: pl.LazyFrame, column: str, text: pl.Expr) -> str:
    """The one format that all values have; the earliest in FORMATS where several fit (day before month)."""
    written = (
        rows.select(text.alias("text"))
        .filter(pl.col("text").is_not_null() & (pl.col("text") != ""))
        .group_by("text")
        .len("rows")
        .collect(engine="streaming")
        .sort("rows", "text", descending=[True, False])
    )
    fits = {format_: written["text"].str.to_date(format_, strict=False).is_not_null().to_numpy() for format_ in FORMATS}
    best = max(FORMATS, key=lambda format_: written["rows"].filter(fits[format_]).sum())
    if fits[best].all():
        return best
    if not fits[best].any():
        raise DataFault(
            f"The date column {column} must hold days such as 2024-01-31",
            got=", ".join(map(repr, written["text"].head(3).to_list())),
            fix="Choose another column, or write the days as YYYY-MM-DD.",
            column=column,
        )
    one, others = written.filter(fits[best]), written.filter(~fits[best])
    raise DataFault(
        f"All days in the column {column} must be written in one format",
        got=f"{one['text'][0]!r} in {one['rows'].sum():,} rows but {others['text'][0]!r} in others "
        f"({others['rows'].sum():,} rows)",
        fix="Write all of them as YYYY-MM-DD.",
        column=column,
    )


def _check_moments(rows: pl.LazyFrame, column: str) -> None:
    """A row tells of a day: moments that differ in their time of day are hours or receipts, not days."""
    time = pl.col(column).dt.time()
    earliest, latest = (
        rows.select(time.min().alias("earliest"), time.max().alias("latest")).collect(engine="streaming").row(0)
    )
    if earliest != latest:
        raise DataFault(
            f"The date column {column} must hold one moment of each day",
            got=f"times from {earliest} to {latest}",
            fix="Sum the rows of each day first.",
            column=column,
        )
