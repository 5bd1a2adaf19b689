"""Theta: the series with its season taken out, split into lines of more and of less curvature and put together again.

Assimakopoulos and Nikolopoulos, The theta model, 2000; the optimised and dynamic forms of Fiorucci and others, Models
for optimising the theta method, 2016; AutoTheta of statsforecast.
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
    """History, season, and the form of the method."""

    model: str = hyperparameter(
        "STM",
        choices=("auto", "STM", "OTM", "DSTM", "DOTM"),
        help="Standard (STM), optimised (OTM), the dynamic forms of both (D…), or the best of all (auto, slow).",
        help_zh="标准 STM、优化 OTM、二者的动态形式 D…，或自动选择（较慢）。",
    )
    decomposition: str = hyperparameter(
        "additive",
        choices=("additive", "multiplicative"),
        help="How the season is taken out; multiplicative needs positive values.",
        help_zh="季节分解方式；乘法要求数值为正。",
    )


def continued(past: F64, horizon: int, config: dict[str, Any]) -> F64:
    """[horizon]: the two lines continued, with the season put back."""
    from statsforecast.models import AutoTheta

    season = int(config["season"])
    if short(past, season):
        return repeated(past, horizon, season)
    model = AutoTheta(
        season_length=season,
        decomposition_type="additive" if past.min() <= 0 else str(config["decomposition"]),
        model=None if config["model"] == "auto" else str(config["model"]),
    )
    return np.asarray(model.forecast(y=past, h=horizon)["mean"], dtype=np.float64)


algorithm = ClassicalAlgorithm(
    name="theta",
    Hyperparameters=Hyperparameters,
    prepared=filled,
    continued=continued,
    traits=Traits(
        title="Theta",
        description="A season, a trend and a level, simply combined; hard to beat on short histories.",
        description_zh="季节、趋势与水平的简单组合；历史较短时难以被超越。",
        tag_type="info",
        neural=False,
        known_future=False,
    ),
)
