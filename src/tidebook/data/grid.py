"""The table seen as series × days: where each row falls, and how many fall there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from tidebook.core.arrays import I64, Flags
from tidebook.data.finding import LABELS
from tidebook.data.panel import SeriesKey
from tidebook.data.sources.reading import reading
from tidebook.data.survey import Survey
from tidebook.data.tidy import DAY, PRODUCT, STORE

BATCH = 500_000  #: rows read at once
Counts = npt.NDArray[np.int32]


def cells(
    rows: pl.LazyFrame, keys: pl.DataFrame, first: np.datetime64, days: int, columns: Sequence[str | pl.Expr]
) -> Iterator[tuple[I64, pl.DataFrame]]:
    """The rows of these series that fall into the `days` days from `first`, in their order and a batch at a time.

    Gives for each row its cell, series * days + day, and the columns.
    """
    products, stores = (keys[name].unique().sort() for name in (PRODUCT, STORE))

    def codes(part: pl.DataFrame) -> I64:
        product, store = (part[name].to_physical().to_numpy().astype(np.int64) for name in (PRODUCT, STORE))
        return np.asarray(product * len(stores) + store)

    ids = [_code(PRODUCT, products), _code(STORE, stores)]
    known = codes(keys.select(ids))
    inside = (
        rows.filter(pl.col(DAY).is_between(first.item(), (first + days - 1).item()))
        .select(*ids, (pl.col(DAY).cast(pl.Int32) - int(first.astype(np.int64))).alias(DAY), *columns)
        .filter(pl.col(PRODUCT).is_not_null() & pl.col(STORE).is_not_null())
    )
    with reading():
        for batch in inside.collect_batches(chunk_size=BATCH, maintain_order=True, engine="streaming"):
            code = codes(batch)
            series = np.minimum(np.searchsorted(known, code), len(known) - 1)
            told = known[series] == code  # else the product and the store are known, but not together
            flat = series * days + batch[DAY].to_numpy()
            yield (flat, batch) if told.all() else (flat[told], batch.filter(told))


def count(counts: Counts, flat: I64) -> None:
    """Adds one to counts[flat] for each time that a cell is named."""
    np.add.at(counts, flat, np.int32(1))  # of another type than the counts it is seventy times slower


def _code(column: str, ids: pl.Series) -> pl.Expr:
    return pl.col(column).cast(pl.Enum(ids), strict=False).to_physical()


@dataclass(frozen=True)
class Grid(Survey):
    """A survey with the number of rows in each cell."""

    counts: Counts  #: [S, T]

    @cached_property
    def seen(self) -> Flags:
        """[S, T]: days with a row."""
        return self.counts > 0

    @cached_property
    def gaps(self) -> tuple[I64, I64, I64]:
        """Series, first and last day of each run of missing days within a series; days that nobody has are passed over.

        Within a series lie the days from its first row to its last.
        """
        seen = self.seen
        gappy = np.nonzero(~seen.all(axis=1))[0]
        calendar = np.nonzero(~self.absent)[0]
        part = seen[gappy][:, calendar]
        inside = np.maximum.accumulate(part, axis=1)
        inside &= np.maximum.accumulate(part[:, ::-1], axis=1)[:, ::-1]
        gap = np.pad(inside & ~part, ((0, 0), (1, 1)))
        series, starts = np.nonzero(gap[:, 1:] & ~gap[:, :-1])
        _, ends = np.nonzero(gap[:, :-1] & ~gap[:, 1:])
        return gappy[series], calendar[starts], calendar[ends - 1]

    @cached_property
    def absent(self) -> Flags:
        """[T]: days without a row in any series."""
        return np.asarray(~self.seen.any(axis=0))

    def label(self, series: int) -> str:
        """The name of a series."""
        return SeriesKey(*self.keys.row(series)[:2]).label

    def labels(self, series: npt.NDArray[np.int64]) -> tuple[str, ...]:
        """The names of the first of these series."""
        return tuple(self.label(int(one)) for one in series[:LABELS])


def grid(found: Survey, counts: Counts) -> Grid:
    """The survey together with the counts [S * T] of its cells."""
    return Grid(**vars(found), counts=counts.reshape(len(found.keys), found.days))
