"""One model on all 100 Rossmann stores, last 28 days, beside the seasonal naive forecasts of the same run."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import tidebook
from benchmarks.measure import Figure

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "rossmann_daily.parquet"


def measure() -> list[Figure]:
    """Nothing where the real data is absent."""
    if not DATA.exists():
        return []
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        result = tidebook.train(
            DATA,
            training_mode="global",
            aggregation_method="none",
            model_type="lstm",
            known_future=("open", "promo", "school_holiday"),
            hyperparameters={"seq_length": 112, "hidden_size": 64, "num_layers": 2, "batch_size": 64, "epochs": 10},
            home=home,
        )
        took = time.perf_counter() - started
    naive = result.baseline["seasonal_naive_14"]["wape"]
    return [
        Figure("Rossmann, 100 stores, lstm, WAPE", result.metrics["wape"], "", naive, "seasonal naive, 14 days", naive),
        Figure("… read, trained, evaluated, published", took, "s", None, "", None),
    ]
