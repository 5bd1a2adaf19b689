"""The table seen as series × days: where each row falls, how many fall there, and what each series holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from tidebook.core.arrays import I64, Flags
from tidebook.core.clock import now
from tidebook.core.errors import DataFault
from tidebook.data.panel import SeriesKey
from tidebook.data.sources.reading import reading
from tidebook.data.tidy import DAY, PRODUCT, STORE, TARGET, Tidy

LABELS = 3  #: examples that a finding names
MAX_DAYS = 366 * 200  #: longer calendars come from a wrong date
MAX_CELLS = 2**31  #: series × days; more come from a wrong id or date, and would not fit in memory
NO_ROWS = "no rows"
BATCH = 500_000  #: rows read at once


@dataclass(frozen=True)
class Survey:
    """What one pass over the rows tells: the series, the calendar, and what lies outside of both."""

    rows: int  #: of the table
    broken: int  #: rows without a product, store or day
    ahead: int  #: rows dated after today
    last_ahead: date | None  #: the latest day of those
    silent: tuple[str, ...]  #: series without a single usable value
    keys: pl.DataFrame  #: [S] product_id, store_id, rows, missing, not_finite, negative, zeros, low, high
    first: np.datetime64  #: the first day on which anything was observed
    days: int  #: T, to the last day on which anything was observed

    @property
    def names(self) -> tuple[SeriesKey, ...]:
        """[S]."""
        return tuple(SeriesKey(product, store) for product, store in self.keys.select(PRODUCT, STORE).iter_rows())


def survey(table: Tidy) -> Survey:
    """The series and the calendar of a tidy table.

    DataFault where no row has a series, a day and a value, or where the days lie centuries apart.
    """
    today = now().date()
    keyed = (pl.col(PRODUCT) != "") & (pl.col(STORE) != "") & pl.col(DAY).is_not_null()
    past = pl.col(DAY) <= today
    value = pl.col(TARGET)
    finite = value.is_finite()
    with reading():
        totals = (
            table.rows.select(
                pl.len().alias("rows"),
                keyed.sum().alias("keyed"),
                (keyed & ~past).sum().alias("ahead"),
                pl.col(DAY).filter(keyed & ~past).max().alias("last_ahead"),
            )
            .collect(engine="streaming")
            .row(0, named=True)
        )
        every = (
            table.rows.filter(keyed & past)
            .group_by(PRODUCT, STORE)
            .agg(
                pl.len().alias("rows"),
                pl.col(DAY).filter(finite).min().alias("first"),
                pl.col(DAY).filter(finite).max().alias("last"),
                value.is_null().sum().alias("missing"),
                (~finite).sum().alias("not_finite"),
                (finite & (value < 0)).sum().alias("negative"),
                (value == 0).sum().alias("zeros"),
                value.filter(finite).min().alias("low"),
                value.filter(finite).max().alias("high"),
            )
            .sort(PRODUCT, STORE)
            .collect(engine="streaming")
        )
    keys = every.filter(pl.col("first").is_not_null())
    if keys.is_empty():
        raise _nothing(totals["rows"], totals["keyed"], totals["ahead"])
    first: date = keys["first"].min()  # type: ignore[assignment]
    last: date = keys["last"].max()  # type: ignore[assignment]
    days = (last - first).days + 1
    _check_size(first, last, len(keys))
    silent = every.filter(pl.col("first").is_null())
    return Survey(
        rows=totals["rows"],
        broken=totals["rows"] - totals["keyed"],
        ahead=totals["ahead"],
        last_ahead=totals["last_ahead"],
        silent=tuple(SeriesKey(product, store).label for product, store in silent.select(PRODUCT, STORE).iter_rows()),
        keys=keys,
        first=np.datetime64(first, "D"),
        days=days,
    )


def cells(table: Tidy, found: Survey, columns: Sequence[str]) -> Iterator[tuple[I64, pl.DataFrame]]:
    """The rows that fall into the grid, in their order and a batch at a time.

    Gives for each row its cell, series * days + day, and the columns.
    """
    products, stores = (found.keys[name].unique().sort() for name in (PRODUCT, STORE))
    last = found.first + found.days - 1

    def codes(keys: pl.DataFrame) -> I64:
        product, store = (keys[name].to_physical().to_numpy().astype(np.int64) for name in (PRODUCT, STORE))
        return np.asarray(product * len(stores) + store)

    ids = [_code(PRODUCT, products), _code(STORE, stores)]
    known = codes(found.keys.select(ids))
    rows = (
        table.rows.filter(pl.col(DAY).is_between(found.first.item(), last.item()))
        .select(*ids, (pl.col(DAY).cast(pl.Int64) - int(found.first.astype(np.int64))).alias(DAY), *columns)
        .filter(pl.col(PRODUCT).is_not_null() & pl.col(STORE).is_not_null())
    )
    with reading():
        for batch in rows.collect_batches(chunk_size=BATCH, maintain_order=True, engine="streaming"):
            code = codes(batch)
            series = np.minimum(np.searchsorted(known, code), len(known) - 1)
            told = known[series] == code  # else the product and the store are known, but not together
            flat = series * found.days + batch[DAY].to_numpy()
            yield (flat, batch) if told.all() else (flat[told], batch.filter(told))


def _code(column: str, ids: pl.Series) -> pl.Expr:
    return pl.col(column).cast(pl.Enum(ids), strict=False).to_physical()


@dataclass(frozen=True)
class Grid(Survey):
    """A survey with the number of rows in each cell."""

    counts: npt.NDArray[np.int32]  #: [S, T]

    @property
    def inside(self) -> Flags:
        """[S, T]: days from a series' first row to its last."""
        seen = self.counts > 0
        started = np.maximum.accumulate(seen, axis=1)
        return started & np.maximum.accumulate(seen[:, ::-1], axis=1)[:, ::-1]

    @property
    def untold(self) -> int:
        """Rows of these series before the first or after the last observed day of all: a plan, perhaps."""
        return int(self.keys["rows"].sum()) - int(self.counts.sum())

    @property
    def absent(self) -> Flags:
        """[T]: days without a row in any series."""
        return np.asarray(~(self.counts > 0).any(axis=0))

    def label(self, series: int) -> str:
        """The name of a series."""
        return SeriesKey(*self.keys.row(series)[:2]).label

    def labels(self, series: npt.NDArray[np.int64]) -> tuple[str, ...]:
        """The names of the first of these series."""
        return tuple(self.label(int(one)) for one in series[:LABELS])


def grid(found: Survey, counts: npt.NDArray[np.int32]) -> Grid:
    """The survey together with the counts [S * T] of its cells."""
    return Grid(**vars(found), counts=counts.reshape(len(found.keys), found.days))


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
