"""Seconds of training until the accuracy that NeuralForecast's model of the same kind ends with, in the same run.

On 100 Rossmann stores, the 28 days before the last 28. TIDEBOOK_PEERS names a Python with neuralforecast installed.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

import tidebook
from benchmarks.context import Quiet
from benchmarks.measure import Figure
from benchmarks.rossmann import DATA, FUTURE
from tidebook.algorithms import registry
from tidebook.algorithms.hyperparameters import build, schema
from tidebook.data.panel import Panel
from tidebook.data.splits import Span

PEER = DATA.parents[1] / "peers" / "neuralforecast_rossmann.py"
KINDS = ("lstm", "gru", "tcn", "kan", "transformer")
STEPS, DAYS = 500, 28
EPOCHS = (1, 2, 3, 4, 6, 8)  #: whole trainings of so many epochs, until one is as accurate
HALF = ("lstm", "tcn", "kan")  #: whose matrix products are faster in bfloat16 on processors that have it
SETTINGS = {"seq_length": 112, "hidden_size": 64, "num_layers": 1, "batch_size": 64, "learning_rate": 0.003}


def measure() -> list[Figure]:
    """Nothing where the real data or the peer is absent."""
    python = os.environ.get("TIDEBOOK_PEERS")
    if not DATA.exists() or not python:
        return []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "before.parquet"
        rows = pl.read_parquet(DATA)
        rows.filter(pl.col("date") <= pl.col("date").max() - timedelta(days=DAYS)).write_parquet(path)
        panel = tidebook.load_panel(path, known_future=FUTURE)
        figures = []
        for kind in KINDS:
            command = [python, str(PEER), str(path), kind, str(STEPS)]
            peer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            took, wape, epochs = _until(kind, panel, peer["wape"])
            name = f"{kind} to WAPE {peer['wape']:.4f} (here {wape:.4f}, {epochs} epochs)"
            figures.append(Figure(name, took, "s", peer["fit_s"] / 5, "NeuralForecast", peer["fit_s"]))
    return figures


def _until(name: str, panel: Panel, wanted: float) -> tuple[float, float, int]:
    """Seconds, WAPE and epochs of the shortest training that is as accurate as `wanted`, else of the longest."""
    algorithm = registry.find(name)
    known = schema(algorithm.Hyperparameters)["properties"]
    span = Span(0, panel.end - 2 * DAYS, panel.end - DAYS, panel.end)
    series = np.arange(len(panel.keys))
    actual, seen = panel.target[:, -DAYS:], panel.mask[:, -DAYS:]
    took, wape, epochs = 0.0, np.inf, 0
    for epochs in EPOCHS:
        stated = {**SETTINGS, "epochs": epochs, "precision": "bfloat16" if name in HALF else "float32"}
        settings = {key: value for key, value in stated.items() if key in known}
        started = time.perf_counter()
        fitted = algorithm.fit(panel, span, build(algorithm.Hyperparameters, settings), Quiet())
        took = time.perf_counter() - started
        values = fitted.forecast(panel, series, np.full(len(series), span.validation_end), DAYS).point
        wape = float(np.abs(values - actual)[seen].sum() / actual[seen].sum())
        if wape <= wanted:
            break
    return took, wape, epochs
