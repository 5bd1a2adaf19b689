"""Panels of known distribution, and models made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tests.unit.algorithms.panels import panel
from tidebook.abc import Forecast, State
from tidebook.core.arrays import I64
from tidebook.data.panel import Panel


def noise(series: int, days: int, *, future: int = 0, seed: int = 0, shared: float = 0.0) -> Panel:
    """Independent days around a level of each series, the levels far apart; `shared` of the noise is common to all."""
    random = np.random.default_rng(seed)
    data = panel(series, days, future=future, seed=seed, closed=False)
    level = 10.0 ** (1 + np.arange(series) % 4)[:, None]
    own = random.standard_normal((series, days + future))
    common = random.standard_normal((1, days + future))
    moved = np.sqrt(1 - shared) * own + np.sqrt(shared) * common
    return replace(data, target=(level * (10 + moved)).astype(np.float32), mask=np.ones_like(data.mask))


@dataclass
class Level:
    """Forecasts the mean of the last 28 days; with `spread`, quantiles that far from it, in shares of it."""

    spread: dict[float, float] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[int, int]] = field(default_factory=list)

    def forecast(self, panel: Panel, series: I64, origin: I64, horizon: int) -> Forecast:
        self.asked += [(int(first), horizon) for first in origin]
        days = np.maximum(origin[:, None] + np.arange(-28, 0), 0)
        mean = panel.target[series[:, None], days].mean(axis=1)
        shares = {**self.spread, 0.5: 0.0}
        values = np.stack([mean * (1 + shares[q]) for q in sorted(shares)], axis=-1)
        return Forecast(np.repeat(values[:, None], horizon, axis=1).astype(np.float32), tuple(sorted(shares)))

    def state(self) -> State:
        return State(config=dict(self.config))
