"""Day-by-day decoding: state carried from day to day beside reading the whole window again for every day."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from benchmarks.context import Quiet
from benchmarks.measure import Figure
from benchmarks.panels import shops
from tidebook.algorithms import registry
from tidebook.algorithms.hyperparameters import build, schema
from tidebook.data.panel import Panel
from tidebook.data.splits import Span
from tidebook.neural.algorithm import NeuralFitted

LOOK_BACK, DAYS = 112, 28
FASTER = {"lstm": 20, "gru": 20, "mlstm": 20, "transformer": 20, "tcn": 5, "kan": None}
SETTINGS = {
    "seq_length": LOOK_BACK,
    "output_length": 1,
    "epochs": 1,
    "epoch_windows": 64,
    "batch_size": 64,
    "hidden_size": 64,
    "num_layers": 2,
}


def measure() -> list[Figure]:
    """500 series × 28 days for each algorithm; the first encoding of the window is left out of both."""
    panel = shops(500, 500, future=DAYS)
    figures = []
    for name, target in FASTER.items():
        fitted = _fitted(name)
        carried, anew = (1000 * _after_the_first(fitted, panel, cached=cached) for cached in (True, False))
        limit = None if target is None else anew / target
        figures.append(Figure(f"{name}: 27 more days of 500 series", carried, "ms", limit, "window again", anew))
    large = shops(30_490, 400, future=DAYS)
    lstm = _fitted("lstm")
    started = time.perf_counter()
    _forecast(lstm, large, DAYS, cached=True)
    took = time.perf_counter() - started
    return [*figures, Figure("lstm: 28 days of 30,490 series, one by one", took, "s", 20, "", None)]


def _fitted(name: str) -> NeuralFitted:
    """Hardly trained: decoding takes as long whatever the weights are."""
    panel = shops(4, 300)
    algorithm = registry.find(name)
    known = schema(algorithm.Hyperparameters)["properties"]
    chosen: Any = build(algorithm.Hyperparameters, {key: value for key, value in SETTINGS.items() if key in known})
    fitted = algorithm.fit(panel, Span(0, panel.end - 56, panel.end - 28, panel.end), chosen, Quiet())
    assert isinstance(fitted, NeuralFitted)
    return fitted


def _after_the_first(fitted: NeuralFitted, panel: Panel, *, cached: bool) -> float:
    """Seconds that all days take but the first; the shortest of some: what else the machine does only adds to it."""
    times: dict[int, float] = {}
    for days in (1, DAYS):
        for _ in range(3):
            started = time.perf_counter()
            _forecast(fitted, panel, days, cached=cached)
            times[days] = min(times.get(days, np.inf), time.perf_counter() - started)
    return times[DAYS] - times[1]


def _forecast(fitted: NeuralFitted, panel: Panel, days: int, *, cached: bool) -> None:
    series = np.arange(len(panel.keys))
    fitted.forecast(panel, series, np.full(len(series), panel.end), days, cached=cached)
