"""One pass over the rows: the series, the calendar, and what lies outside of both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from tidebook.core.clock import now
from tidebook.core.errors import DataFault
from tidebook.data.panel import SeriesKey
from tidebook.data.sources.reading import reading
from tidebook.data.tidy import DAY, PRODUCT, STORE, TARGET, Tidy

MAX_DAYS = 366 * 200  #: longer calendars come from a wrong date
MAX_CELLS = 2**31  #: series × days; more come from a wrong id or date, and would not fit in memory
MAX_PLAN = 731  #: days after the last observed one; a plan that reaches further comes from a wrong date
NO_ROWS = "no rows"
KEYED = (pl.col(PRODUCT) != "") & (pl.col(STORE) != "") & pl.col(DAY).is_not_null()
FINITE = pl.col(TARGET).is_finite()


@dataclass(frozen=True)
class Survey:
    """What one pass over the rows tells."""

    rows: int  #: of the table
    broken: int  #: rows without a product, store or day
    ahead: int  #: rows dated after today that are no plan
    last_ahead: date | None  #: the latest day of those
    untold: int  #: other rows of the series before the first or after the last observed day
    planned: int  #: rows without a target after the last observed day: the plan of the days to come
    planned_days: int  #: F, days from the last observed one to the last of the plan
    silent: tuple[str, ...]  #: series without a single usable value
    keys: pl.DataFrame  #: [S] product_id, store_id, rows, missing, not_finite, negative, zeros, low, high
    first: np.datetime64  #: the first day on which anything was observed
    days: int  #: T, to the last day on which anything was observed

    @property
    def names(self) -> tuple[SeriesKey, ...]:
        """[S]."""
        return tuple(SeriesKey(product, store) for product, store in self.keys.select(PRODUCT, STORE).iter_rows())

    @property
    def last(self) -> date:
        """The last day on which anything was observed."""
        return (self.first + self.days - 1).astype(date)  # type: ignore[no-any-return]

    @property
    def end(self) -> np.datetime64:
        """The day after it."""
        return np.datetime64(self.last, "D") + 1


def survey(table: Tidy) -> Survey:
    """The series and the calendar of a tidy table.

    DataFault where no row has a series, a day and a value, or where the days lie centuries apart.
    """
    today = now().date()
    with reading():
        groups = _by_series(table.rows, today)
        named = groups.filter((pl.col(PRODUCT) != "") & (pl.col(STORE) != "") & (pl.col("dated") > 0))
        keyed, ahead = int(named["dated"].sum()), int(named["ahead"].sum())
        keys = every = named
        if ahead:
            keys = every = _by_series(table.rows.filter(KEYED & (pl.col(DAY) <= today)), today)
        if every["first"].null_count() == len(every):
            raise _nothing(int(groups["rows"].sum()), keyed, ahead)
        first: date = every["first"].min()  # type: ignore[assignment]
        last: date = every["last"].max()  # type: ignore[assignment]
        exact = (first, last) == (named["earliest"].min(), named["latest"].max())
        if not exact or keyed < named["rows"].sum():
            keys = _by_series(table.rows.filter(KEYED & pl.col(DAY).is_between(first, last)), today)
        keys = keys.filter(pl.col("first").is_not_null())
        _check_size(first, last, len(keys))
        outside = {} if exact else _outside(table, keys, first, last, today)
    silent = every.filter(pl.col("first").is_null())
    return Survey(
        rows=int(groups["rows"].sum()),
        broken=int(groups["rows"].sum()) - keyed,
        ahead=outside.get("ahead", 0),
        last_ahead=outside.get("last_ahead"),
        untold=outside.get("untold", 0),
        planned=outside.get("planned", 0),
        planned_days=(outside["last_planned"] - last).days if outside.get("planned") else 0,
        silent=tuple(SeriesKey(product, store).label for product, store in silent.select(PRODUCT, STORE).iter_rows()),
        keys=keys,
        first=np.datetime64(first, "D"),
        days=(last - first).days + 1,
    )


def plan_rows(table: Tidy, last: date) -> pl.LazyFrame:
    """The rows of the plan: without a target, after the last observed day."""
    return table.rows.filter(_is_plan(table, last))


def _is_plan(table: Tidy, last: date) -> pl.Expr:
    if not table.mapping.known_future:
        return pl.lit(False)
    soon = (pl.col(DAY) > last) & (pl.col(DAY) <= last + timedelta(days=MAX_PLAN))
    return soon & ~FINITE.fill_null(False)


def _by_series(rows: pl.LazyFrame, today: date) -> pl.DataFrame:
    """What the rows of each product and store hold, those without either or without a day included."""
    value, day = pl.col(TARGET), pl.col(DAY)
    finite, observed = pl.when(FINITE).then(value), pl.when(FINITE).then(day)
    return (
        rows.group_by(PRODUCT, STORE)
        .agg(
            pl.len().alias("rows"),
            day.count().alias("dated"),
            (day > today).sum().alias("ahead"),
            day.min().alias("earliest"),
            day.max().alias("latest"),
            observed.min().alias("first"),
            observed.max().alias("last"),
            value.is_null().sum().alias("missing"),
            (~FINITE).sum().alias("not_finite"),
            (FINITE & (value < 0)).sum().alias("negative"),
            (value == 0).sum().alias("zeros"),
            finite.min().alias("low"),
            finite.max().alias("high"),
        )
        .sort(PRODUCT, STORE)
        .collect(engine="streaming")
    )


def _outside(table: Tidy, keys: pl.DataFrame, first: date, last: date, today: date) -> dict[str, Any]:
    """What the rows before the first and after the last observed day are: the plan of these series, or nothing."""
    ids = keys.lazy().select(PRODUCT, STORE, pl.lit(True).alias("told"))
    plan = _is_plan(table, last)
    ahead = ~plan & (pl.col(DAY) > today)
    return (
        table.rows.filter(KEYED & ~pl.col(DAY).is_between(first, last))
        .select(PRODUCT, STORE, DAY, TARGET)
        .join(ids, on=[PRODUCT, STORE], how="left")
        .select(
            (plan & pl.col("told")).sum().alias("planned"),
            pl.col(DAY).filter(plan & pl.col("told")).max().alias("last_planned"),
            (~plan & ~ahead & pl.col("told")).sum().alias("untold"),
            ahead.sum().alias("ahead"),
            pl.col(DAY).filter(ahead).max().alias("last_ahead"),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )


def _nothing(rows: int, keyed: int, ahead: int) -> DataFault:
    if not rows:
        got = NO_ROWS
    elif not keyed:
        got = f"{rows:,} rows, none of which has a series and a day"
    elif ahead == keyed:
        got = f"{ahead:,} rows, all dated after today"
    else:
        got = f"{rows:,} rows without a single finite value"
    return DataFault(
        "A table must have rows with a series, a day and a value",
        got=got,
        fix="Check the file and the mapping of its columns.",
    )


def _check_size(first: date, last: date, series: int) -> None:
    days = (last - first).days + 1
    if days > MAX_DAYS:
        raise DataFault(
            f"The days of a table must lie within {MAX_DAYS // 366} years",
            got=f"{first} to {last}",
            fix="Mend the wrong dates.",
        )
    if series * days > MAX_CELLS:
        raise DataFault(
            f"Series times days must be at most {MAX_CELLS:,}",
            got=f"{series:,} series on {days:,} days",
            fix="Check that the columns for product and store hold ids, or choose fewer of them.",
        )
