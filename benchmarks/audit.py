"""The audit of a large file beside merely reading it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.measure import TIDEBOOK, Figure, peak_memory

ROWS = 10_000_000
READ = "import polars, sys; polars.read_parquet(sys.argv[1])"


def measure() -> list[Figure]:
    """Ten million rows in 10,000 series."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.parquet"
        _write(path)
        took, peak = peak_memory([*TIDEBOOK, "--home", folder, "data", "audit", str(path), "--json"])
        read, read_peak = peak_memory([sys.executable, "-c", READ, str(path)])
    return [
        Figure("audit of 10 million rows, peak memory", peak, "MB", 2048, "polars.read_parquet", read_peak),
        Figure("audit of 10 million rows", took, "s", None, "polars.read_parquet", read),
    ]


def _write(path: Path) -> None:
    import numpy as np
    import polars as pl

    random = np.random.default_rng(0)
    days, series = 1000, ROWS // 1000
    dates = np.datetime64("2022-01-01", "D") + np.arange(days)
    pl.DataFrame(
        {
            "store_id": np.repeat([f"S{i:03}" for i in range(100)], series // 100 * days),
            "product_id": np.tile(np.repeat([f"P{i:03}" for i in range(series // 100)], days), 100),
            "date": np.tile(dates, series),
            "sales": random.poisson(20, ROWS).astype(np.float64),
            "promo": random.integers(0, 2, ROWS),
        }
    ).write_parquet(path)
