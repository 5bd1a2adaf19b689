"""The table seen as series × days: how many rows fall into each cell, and what each series holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from tidebook.core.arrays import Flags
from tidebook.core.errors import DataFault
from tidebook.data.load import MAX_DAYS
from tidebook.data.tidy import DAY, PRODUCT, STORE, TARGET, Tidy

LABELS = 3  #: examples that a finding names


@dataclass(frozen=True)
class Grid:
    """Counts of rows by series and day, and a line of statistics for each series."""

    rows: int  #: of the table
    broken: int  #: rows without a series or a day
    keys: pl.DataFrame  #: [S] product_id, store_id, rows, missing, negative, zeros, not_finite, low, high
    first: np.datetime64  #: the first day
    counts: npt.NDArray[np.uint8]  #: [S, T], rows in each cell, at most 255

    @property
    def inside(self) -> Flags:
        """[S, T]: days from a series' first row to its last."""
        seen = self.counts > 0
        started = np.maximum.accumulate(seen, axis=1)
        return started & np.maximum.accumulate(seen[:, ::-1], axis=1)[:, ::-1]

    @property
    def absent(self) -> Flags:
        """[T]: days without a row in any series."""
        return np.asarray(~(self.counts > 0).any(axis=0))

    def labels(self, series: npt.NDArray[np.int64]) -> tuple[str, ...]:
        """The names of the first of these series."""
        from tidebook.data.panel import SeriesKey

        return tuple(SeriesKey(*self.keys.row(int(s))[:2]).label for s in series[:LABELS])


def read_grid(table: Tidy) -> Grid:
    """The grid of a tidy table. DataFault for a table without rows or with days that lie centuries apart."""
    value = pl.col(TARGET)
    finite = value.is_finite()
    keyed = pl.col(PRODUCT).is_not_null() & pl.col(STORE).is_not_null() & pl.col(DAY).is_not_null()
    rows = int(table.rows.select(pl.len()).collect(engine="streaming").item())
    good = table.rows.filter(keyed)
    keys = (
        good.group_by(PRODUCT, STORE)
        .agg(
            pl.len().alias("rows"),
            pl.col(DAY).min().alias("first"),
            pl.col(DAY).max().alias("last"),
            value.is_null().sum().alias("missing"),
            (value < 0).sum().alias("negative"),
            (value == 0).sum().alias("zeros"),
            (~finite).sum().alias("not_finite"),
            value.filter(finite).min().alias("low"),
            value.filter(finite).max().alias("high"),
        )
        .collect(engine="streaming")
        .sort(PRODUCT, STORE)
    )
    if keys.is_empty():
        raise DataFault(
            "A table must have rows with a series and a day",
            got=f"{rows} rows, none with both" if rows else "no rows",
            fix="Check the file and the mapping of its columns.",
        )
    first: date = keys["first"].min()  # type: ignore[assignment]
    last: date = keys["last"].max()  # type: ignore[assignment]
    days = (last - first).days + 1
    if days > MAX_DAYS:
        raise DataFault(
            f"The days of a table must lie within {MAX_DAYS // 366} years",
            got=f"{first} to {last}",
            fix="Mend the wrong dates.",
        )
    start = np.datetime64(first, "D")
    counts = np.zeros(len(keys) * days, dtype=np.uint8)
    codes = keys.select(PRODUCT, STORE).with_row_index("series").lazy()
    flat = pl.col("series").cast(pl.Int64) * days + (pl.col(DAY) - pl.lit(first)).dt.total_days()
    cells = (
        good.join(codes, on=[PRODUCT, STORE]).select(flat.alias("cell")).collect(engine="streaming")["cell"].to_numpy()
    )
    for part in np.array_split(cells, max(1, len(cells) // 4_000_000)):
        cell, count = np.unique(part, return_counts=True)
        counts[cell] = np.minimum(counts[cell].astype(np.int64) + count, 255)
    broken = rows - int(keys["rows"].sum())
    return Grid(rows, broken, keys, start, counts.reshape(len(keys), days))
