"""M4 Hourly: 414 series, the official 48-step test, by OWA relative to Naive2 (Makridakis et al., 2020)."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import polars as pl

from benchmarks.context import Quiet
from benchmarks.measure import Figure
from benchmarks.rossmann import DATA
from tidebook.algorithms import registry
from tidebook.algorithms.hyperparameters import build, schema
from tidebook.core.arrays import F32
from tidebook.data.panel import Panel, SeriesKey
from tidebook.data.splits import Span

HOURS, SEASON = 48, 24
NAIVE2 = (18.383, 2.395)  #: sMAPE in percent and MASE of the official table
BEST = 0.410  #: OWA of the best hourly entry of the competition
SINGLE_TARGET, MIXED_TARGET = 0.45, 0.41
NAMES = ("lstm", "gru", "kan", "tcn", "transformer")
SETTINGS: dict[str, Any] = {
    "seq_length": 336,
    "output_length": HOURS,
    "positions": HOURS,
    "hidden_size": 64,
    "num_layers": 1,
    "batch_size": 64,
    "epochs": 12,
    "learning_rate": 0.003,
    "target": "departure",
    "loss": "scaled",
}


def measure() -> list[Figure]:
    """Nothing where the real data is absent."""
    path = DATA.parent / "m4_hourly.parquet"
    if not path.exists():
        return []
    panel, actual = _read(pl.read_parquet(path))
    span = Span(0, panel.end - HOURS, panel.end, panel.end)
    series = np.arange(len(panel.keys))
    figures, forecasts = [], []
    for name in NAMES:
        algorithm = registry.find(name)
        known = schema(algorithm.Hyperparameters)["properties"]
        chosen: Any = build(algorithm.Hyperparameters, {key: value for key, value in SETTINGS.items() if key in known})
        started = time.perf_counter()
        fitted = algorithm.fit(panel, span, chosen, Quiet())
        took = time.perf_counter() - started
        forecasts.append(fitted.forecast(panel, series, np.full(len(series), panel.end), HOURS).point)
        value = owa(panel, actual, forecasts[-1])
        figures.append(Figure(f"{name}, OWA ({took:.0f} s)", value, "", SINGLE_TARGET, "best entry", BEST))
    mixed = owa(panel, actual, np.mean(np.stack(forecasts), axis=0))
    return [*figures, Figure("mean of the five, OWA", mixed, "", MIXED_TARGET, "best entry", BEST)]


def _read(rows: pl.DataFrame) -> tuple[Panel, F32]:
    """The series on a calendar of hours that ends with each, 48 hours still to come; and what came then, [S, 48]."""
    names = rows["unique_id"].unique().sort()
    train = {
        name: part["y"].to_numpy() for (name,), part in rows.filter(split="train").sort("ds").group_by("unique_id")
    }
    test = {name: part["y"].to_numpy() for (name,), part in rows.filter(split="test").sort("ds").group_by("unique_id")}
    end = max(map(len, train.values()))
    shape = (len(names), end + HOURS)
    target, mask = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.bool_)
    for i, name in enumerate(names):
        values = train[name]
        target[i, end - len(values) : end], mask[i, end - len(values) : end] = values, True
    panel = Panel(
        keys=tuple(SeriesKey(str(name)) for name in names),
        dates=np.datetime64("2015-01-01T00", "h") + np.arange(shape[1]),
        target=target,
        mask=mask,
        known=np.zeros((*shape, 0), dtype=np.float32),
        known_names=(),
        past=np.zeros((*shape, 0), dtype=np.float32),
        past_names=(),
        static=np.zeros((len(names), 0), dtype=np.float32),
        static_names=(),
        end=end,
    )
    return panel, np.stack([test[name] for name in names]).astype(np.float32)


def owa(panel: Panel, actual: F32, forecast: F32) -> float:
    """The mean of sMAPE and MASE (season 24), each over all series and relative to Naive2."""
    error = np.abs(actual - forecast)
    smape = float((200 * error / (np.abs(actual) + np.abs(forecast))).mean())
    history, seen = panel.target[:, : panel.end].astype(np.float64), panel.mask[:, : panel.end]
    both = seen[:, SEASON:] & seen[:, :-SEASON]
    change = np.where(both, np.abs(history[:, SEASON:] - history[:, :-SEASON]), 0).sum(1) / both.sum(1)
    mase = float((error.mean(1) / change).mean())
    return (smape / NAIVE2[0] + mase / NAIVE2[1]) / 2
