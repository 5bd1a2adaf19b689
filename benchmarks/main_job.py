"""The main job from nothing, and a forecast with a warm model."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.measure import TIDEBOOK, Figure, seconds, server


def measure() -> list[Figure]:
    """Demo data to forecast; then requests for one series against the same home."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        imports = seconds([sys.executable, "-c", "import torch, polars, matplotlib"], 3)
        demo = seconds([*TIDEBOOK, "--home", folder, "demo", "--no-serve"], 1)
        with server(home) as (client, _, _):
            body = {
                "mode": "product",
                "product_id": "P001",
                "store_id": "S001",
                "model_type": "lstm",
                "horizon": 28,
                "future": [{"date": f"2025-01-{day:02}", "promo": 0} for day in range(1, 29)],
            }
            forecast = _times(client, 200, "POST", "/api/prediction", body)
            health = _times(client, 200, "GET", "/api/health", None)
    return [
        Figure("demo data → trained, published, forecast", demo, "s", 60, "import torch, polars, matplotlib", imports),
        Figure(
            "forecast request, one series, warm, p95", _p95(forecast), "ms", 50, "GET /api/health p95", _p95(health)
        ),
        Figure("… median", statistics.median(forecast), "ms", None, "GET /api/health", statistics.median(health)),
    ]


def _times(client: httpx.Client, count: int, method: str, path: str, body: object) -> list[float]:
    times = []
    for _ in range(count + 5):
        started = time.perf_counter()
        client.request(method, path, json=body).raise_for_status()
        times.append(1000 * (time.perf_counter() - started))
    return times[5:]


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]
