"""Croston's method for demand that is 0 on most days: how much is asked for, and how long it takes until it is.

Croston, Forecasting and stock control for intermittent demands, 1972; with the correction of Syntetos and Boylan,
The accuracy of intermittent demand estimates, 2005 (sba); or the chance of a demand smoothed on every day, so that the
forecast of what nobody asks for any more sinks: Teunter, Syntetos and Babai, Intermittent demand, 2011 (tsb).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tidebook.abc import Traits
from tidebook.algorithms.classical import ClassicalAlgorithm, ClassicalHyperparameters, counted_only
from tidebook.algorithms.hyperparameters import hyperparameter
from tidebook.core.arrays import F64


@dataclass(frozen=True)
class Hyperparameters(ClassicalHyperparameters):
    """History and the form of the method."""

    variant: str = hyperparameter(
        "sba",
        choices=("sba", "classic", "optimized", "tsb"),
        help="Corrected by Syntetos and Boylan, as Croston had it, with chosen smoothing, or by chance per day (tsb).",
        help_zh="sba：Syntetos-Boylan 修正；classic：原始；optimized：自动平滑；tsb：按日概率平滑。",
    )
    alpha_demand: float = hyperparameter(
        0.1, low=0.001, high=1.0, help="tsb: smoothing of the demand's size.", help_zh="tsb：需求量的平滑系数。"
    )
    alpha_probability: float = hyperparameter(
        0.1, low=0.001, high=1.0, help="tsb: smoothing of the chance of a demand.", help_zh="tsb：需求概率的平滑系数。"
    )


def continued(past: F64, horizon: int, config: dict[str, Any]) -> F64:
    """[horizon]: the expected demand of a day, the same for all; 0 where nothing was ever asked for."""
    from statsforecast import models

    if not past.any():
        return np.zeros(horizon)
    variants: dict[str, Callable[[], Any]] = {
        "sba": models.CrostonSBA,
        "classic": models.CrostonClassic,
        "optimized": models.CrostonOptimized,
        "tsb": partial(models.TSB, float(config["alpha_demand"]), float(config["alpha_probability"])),
    }
    forecast = variants[config["variant"]]().forecast(y=past, h=horizon)
    return np.asarray(forecast["mean"], dtype=np.float64)


algorithm = ClassicalAlgorithm(
    name="croston",
    Hyperparameters=Hyperparameters,
    prepared=counted_only,
    continued=continued,
    traits=Traits(
        title="Croston",
        description="For intermittent demand: parts and slow sellers that are asked for on few days.",
        description_zh="用于间歇性需求：只在少数日子有需求的备件与滞销品。",
        tag_type="info",
        neural=False,
        known_future=False,
    ),
)
