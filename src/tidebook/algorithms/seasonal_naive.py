"""Seasonal naive: the last season again. What every other algorithm has to beat."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.abc import Fitted, Forecast, State, Traits
from tidebook.algorithms.bounds import BoundedHyperparameters, Bounds
from tidebook.algorithms.hyperparameters import hyperparameter
from tidebook.algorithms.validation import validation
from tidebook.core.arrays import F32, I64

if TYPE_CHECKING:
    from tidebook.abc import FitContext
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span


@dataclass(frozen=True)
class Hyperparameters(BoundedHyperparameters):
    """The season."""

    season: int = hyperparameter(
        7,
        low=1,
        high=366,
        help="Days of a season; 14 where promotions alternate by week.",
        help_zh="季节长度（天）；隔周促销时用 14。",
    )


def repeat_season(panel: Panel, series: I64, origin: I64, horizon: int, season: int) -> F32:
    """[B, H]: each day takes the value of the last day before its origin that is whole seasons earlier.

    An unobserved day gives way to the season before; without any, the mean of what was observed before the
    origin, else 0. Hyndman and Athanasopoulos, Forecasting: Principles and Practice, section 5.2.
    """
    ahead = np.arange(horizon)
    source = origin[:, None] + ahead % season - season
    values = np.zeros(source.shape, dtype=np.float32)
    missing = np.ones(source.shape, dtype=bool)
    while missing.any():
        row, column = np.nonzero(missing & (source >= 0))
        found = panel.mask[series[row], source[row, column]]
        row, column = row[found], column[found]
        values[row, column] = panel.target[series[row], source[row, column]]
        missing[row, column] = False
        source -= season
        if (source < 0).all():
            break
    for pair in np.flatnonzero(missing.any(axis=1)):
        before = slice(0, origin[pair])
        observed = panel.target[series[pair], before][panel.mask[series[pair], before]]
        values[pair, missing[pair]] = observed.mean() if len(observed) else 0.0
    return values


class SeasonalNaive:
    """The algorithm."""

    name = "seasonal_naive"
    Hyperparameters = Hyperparameters
    traits = Traits(
        title="Seasonal naive",
        description="Repeats the last season; needs no training, and every other algorithm must beat it.",
        description_zh="重复上一个季节的数值；无需训练，是其他算法必须超越的基准。",
        tag_type="info",
        neural=False,
        known_future=False,
    )

    def fit(self, panel: Panel, span: Span, hyperparameters: Any, context: FitContext) -> Fitted:
        """Nothing is learned; the validation part is forecast to be compared by."""
        config = {
            "model_type": self.name,
            **asdict(hyperparameters),
            "feature_names": ["target"],
            "bounds": Bounds.fit(panel, span, hyperparameters.non_negative).to_json(),
        }
        fitted = SeasonalNaiveFitted(config)
        fitted.config["validation"] = validation(fitted, panel, span)
        return fitted

    def load(self, state: State) -> Fitted:
        """The season and the bounds are all there is; versions of before there were bounds have none."""
        return SeasonalNaiveFitted(dict(state.config))


@dataclass
class SeasonalNaiveFitted:
    """A season to repeat, within bounds."""

    config: dict[str, Any]

    def forecast(self, panel: Panel, series: I64, origin: I64, horizon: int) -> Forecast:
        """See abc.Fitted."""
        bounds = Bounds.from_json(self.config["bounds"]) if "bounds" in self.config else Bounds(None, None)
        values = repeat_season(panel, series, origin, horizon, int(self.config["season"]))
        return Forecast(bounds.apply(values, panel, series, origin)[:, :, None])

    def state(self) -> State:
        """The config alone."""
        return State(config=dict(self.config))


algorithm = SeasonalNaive()
