"""A table as large as M5's, from Parquet to a panel, beside merely reading it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.measure import Figure, peak_memory

PRODUCTS, STORES, DAYS = 3049, 10, 1941
EVENTS = ("SuperBowl", "Easter", "Ramadan starts", "LaborDay", "Thanksgiving", "Christmas")
LOAD = "import sys, tidebook; tidebook.load_panel(sys.argv[1], mapping={'known_future': ['price', 'event']})"
READ = "import sys, polars; polars.read_parquet(sys.argv[1])"


def measure() -> list[Figure]:
    """30,490 series of 1,941 days: 59 million rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.parquet"
        write(path)
        took, peak = peak_memory([sys.executable, "-c", LOAD, str(path)])
        read, read_peak = peak_memory([sys.executable, "-c", READ, str(path)])
    return [
        Figure("panel of 59 million rows from Parquet", took, "s", 30, "polars.read_parquet", read),
        Figure("… peak memory", peak, "MB", 4096, "polars.read_parquet", read_peak),
    ]


def write(path: Path, products: int = PRODUCTS, stores: int = STORES, days: int = DAYS) -> None:
    """Writes the table to `path`, a store at a time: sales on few days only, a price by week, named event days."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(0)
    ids = [f"ITEM_{i:04}" for i in range(products)]
    dates = pa.array(np.datetime64("2011-01-29", "D") + np.arange(days))
    names = np.full(days, None, dtype=object)
    names[::37] = np.resize(np.array(EVENTS, dtype=object), len(names[::37]))
    events = pa.array(names, pa.string()).dictionary_encode()
    every_day = pa.array(np.tile(np.arange(days), products))
    writer: pq.ParquetWriter | None = None
    for store in range(stores):
        demand = random.gamma(0.6, 1.6, products)[:, None]
        sales = random.poisson(demand, (products, days)) * (random.random((products, days)) < 0.6)
        price = np.round(
            random.lognormal(1.2, 0.6, products)[:, None] * random.choice([1, 1, 0.9], (products, days // 7 + 1)), 2
        )
        table = pa.table(
            {
                "item_id": pa.DictionaryArray.from_arrays(
                    np.repeat(np.arange(products, dtype=np.int32), days), ids
                ).cast(pa.string()),
                "store_id": pa.array([f"STORE_{store:02}"] * (products * days)),
                "date": dates.take(every_day),
                "sales": sales.astype(np.int16).reshape(-1),
                "price": np.repeat(price, 7, axis=1)[:, :days].astype(np.float32).reshape(-1),
                "event": events.take(every_day).cast(pa.string()),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=2**20)
    if writer:
        writer.close()
