"""ETS: exponential smoothing in state space form, chosen by AICc among those with each kind of error, trend, season.

Hyndman, Koehler, Snyder and Grose, A state space framework for automatic forecasting using exponential smoothing
methods, 2002; AutoETS of statsforecast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tidebook.abc import Traits
from tidebook.algorithms.classical import ClassicalAlgorithm, SeasonalHyperparameters, filled, repeated, short
from tidebook.algorithms.hyperparameters import hyperparameter
from tidebook.core.arrays import F64


@dataclass(frozen=True)
class Hyperparameters(SeasonalHyperparameters):
    """History, season, and which models are tried."""

    model: str = hyperparameter(
        "ZNA",
        choices=("ZNA", "ZNZ", "ZZA", "ZZZ", "ANA", "AAA", "MNM", "MAM"),
        help="Error, trend and season of the models: additive (A), multiplicative (M), none (N), the best (Z, slow).",
        help_zh="误差、趋势、季节的形式：加法 A、乘法 M、无 N、自动选择 Z（较慢）。",
    )


def continued(past: F64, horizon: int, config: dict[str, Any]) -> F64:
    """[horizon]: the mean of the best model; a multiplicative one needs a positive history, else its kin is taken."""
    from statsforecast.models import AutoETS

    season = int(config["season"])
    if short(past, season):
        return repeated(past, horizon, season)
    model = str(config["model"])
    if past.min() <= 0:
        model = model.replace("M", "A")
    forecast = AutoETS(season_length=season, model=model).forecast(y=past, h=horizon)
    return np.asarray(forecast["mean"], dtype=np.float64)


algorithm = ClassicalAlgorithm(
    name="ets",
    Hyperparameters=Hyperparameters,
    prepared=filled,
    continued=continued,
    traits=Traits(
        title="ETS",
        description="Exponential smoothing chosen for each series; good for steady seasons without promotions.",
        description_zh="为每条序列自动选择指数平滑；适合季节稳定且没有促销的数据。",
        tag_type="info",
        neural=False,
        known_future=False,
    ),
)
