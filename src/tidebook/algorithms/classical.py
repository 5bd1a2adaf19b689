"""What the statistical algorithms share: each pair of series and origin is fitted anew on what lies before it.

They come from statsforecast (the extra `classical`), which is imported when it is first needed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.abc import Fitted, Forecast, State, Traits
from tidebook.algorithms.bounds import BoundedHyperparameters, Bounds
from tidebook.algorithms.hyperparameters import hyperparameter
from tidebook.algorithms.validation import validation
from tidebook.core.arrays import F64, I64, Flags
from tidebook.core.errors import InvalidInput

if TYPE_CHECKING:
    from tidebook.abc import FitContext
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

SEASONS = 3  #: seasons of days that a seasonal model needs; a shorter history is repeated or averaged


@dataclass(frozen=True)
class ClassicalHyperparameters(BoundedHyperparameters):
    """How much of the past a model is fitted on."""

    history_days: int = hyperparameter(
        730,
        low=2,
        high=10_000,
        help="Days before the origin that a model is fitted on at most; fewer are faster.",
        help_zh="拟合所用的起点前最多天数；越少越快。",
    )


@dataclass(frozen=True)
class SeasonalHyperparameters(ClassicalHyperparameters):
    """… and its season."""

    season: int = hyperparameter(
        7, low=1, high=366, help="Days of a season; 1 for none.", help_zh="季节长度（天）；1 表示没有季节。"
    )


@dataclass(frozen=True)
class ClassicalAlgorithm:
    """An Algorithm made from a function that continues one series.

    `continued(past F64[n], horizon, config) -> F64[horizon]` gets the history of a series as `prepared(target F64[n],
    counted [n], config) -> F64[m]` makes it of the days before the origin; a day is counted when it was observed and
    open.
    """

    name: str
    Hyperparameters: type
    traits: Traits
    prepared: Callable[[F64, Flags, dict[str, Any]], F64]
    continued: Callable[[F64, int, dict[str, Any]], F64]

    def fit(self, panel: Panel, span: Span, hyperparameters: Any, context: FitContext) -> Fitted:
        """Nothing is kept but the hyper-parameters and the bounds; the validation part is forecast to be compared by.

        InvalidInput where the extra is not installed.
        """
        _require()
        config = {
            "model_type": self.name,
            **asdict(hyperparameters),
            "feature_names": ["target"],
            "refits": True,
            "bounds": Bounds.fit(panel, span, hyperparameters.non_negative).to_json(),
        }
        fitted = ClassicalFitted(self, config)
        config["validation"] = validation(fitted, panel, span)
        return fitted

    def load(self, state: State) -> Fitted:
        """The hyper-parameters are all there is."""
        return ClassicalFitted(self, dict(state.config))


@dataclass
class ClassicalFitted:
    """A way to continue a series, and its hyper-parameters."""

    algorithm: ClassicalAlgorithm
    config: dict[str, Any]

    def forecast(self, panel: Panel, series: I64, origin: I64, horizon: int) -> Forecast:
        """See abc.Fitted. Each pair is fitted on at most `history_days` days before its origin."""
        _require()
        bounds = Bounds.from_json(self.config["bounds"])
        counted = panel.mask
        if bounds.open is not None and bounds.open in panel.known_names:
            counted = counted & (panel.known[:, :, panel.known_names.index(bounds.open)] > 0)
        values = np.zeros((len(series), horizon))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            for pair, (one, before) in enumerate(zip(series.tolist(), origin.tolist(), strict=True)):
                days = slice(max(0, before - int(self.config["history_days"])), before)
                values[pair] = self._one(panel.target[one, days].astype(np.float64), counted[one, days], horizon)
        return Forecast(bounds.apply(values.astype(np.float32), panel, series, origin)[:, :, None])

    def _one(self, target: F64, counted: Flags, horizon: int) -> F64:
        """[horizon]: the mean of what was counted where the model has no finite answer, and 0 where nothing was."""
        if not counted.any():
            return np.zeros(horizon)
        past = self.algorithm.prepared(target, counted, self.config)
        values = self.algorithm.continued(past, horizon, self.config)
        return np.where(np.isfinite(values), values, target[counted].mean())

    def state(self) -> State:
        """The config alone."""
        return State(config=dict(self.config))


def filled(target: F64, counted: Flags, config: dict[str, Any]) -> F64:
    """[n]: days that were not counted, gaps and closed ones, on the line between the counted ones of their season.

    Each day of the season is a series of its own for this, held level at both ends; where a day of the season was
    never counted (a shop that is closed on Sundays), its days lie on the line between their neighbours. Days before
    the first that was counted are left out.
    """
    season = int(config["season"])
    target, counted = target[int(counted.argmax()) :], counted[int(counted.argmax()) :].copy()
    out = target.copy()
    day = np.arange(len(target))
    for phase in range(min(season, len(target))):
        own = day % season == phase
        seen = own & counted
        if seen.any():
            out[own] = np.interp(day[own], day[seen], target[seen])
            counted[own] = True
    return np.asarray(np.interp(day, day[counted], out[counted]))


def counted_only(target: F64, counted: Flags, config: dict[str, Any]) -> F64:
    """[m]: the counted days, one after the other: an interval between demands is one of open days."""
    return target[counted]


def short(past: F64, season: int) -> bool:
    """Whether a history is too short for a seasonal model, or so even that there is nothing to model."""
    return len(past) < max(SEASONS * season, 8) or bool((past == past[0]).all())


def repeated(past: F64, horizon: int, season: int) -> F64:
    """[horizon]: the last season again, the mean where there is not a whole one."""
    if len(past) < season:
        return np.full(horizon, past.mean())
    return np.resize(past[-season:], horizon)


def _require() -> None:
    """InvalidInput where statsforecast cannot be imported."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import statsforecast.models  # noqa: F401
    except ImportError as error:
        raise InvalidInput(
            "The classical algorithms need statsforecast",
            got=f"{type(error).__name__}: {error}",
            fix="Install the extra: pip install 'tidebook[classical]'.",
        ) from error
