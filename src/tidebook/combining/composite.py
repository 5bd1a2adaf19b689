"""A weighted sum of models as one model, which holds all of its members.

config["members"] is a list of {model_type, address or null, weight, config}; the weights of member i stand under the
prefix "i.". A member may itself be a composite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.abc import Fitted, Forecast, State
from tidebook.algorithms import registry
from tidebook.algorithms.bounds import Bounds
from tidebook.core.arrays import F32, I64
from tidebook.core.errors import DataFault
from tidebook.core.settings import Settings

if TYPE_CHECKING:
    import torch

    from tidebook.abc import Algorithm
    from tidebook.data.panel import Panel

OWN = frozenset({"intervals", "table"})  #: of a member's config what the whole makes anew


@dataclass(frozen=True)
class Member:
    """A model and its share of the forecast."""

    model_type: str
    weight: float
    fitted: Fitted
    address: str | None = None  #: of the published version that it was, if it was one


class CompositeFitted:
    """Members that forecast together."""

    def __init__(self, members: Sequence[Member], bounds: Bounds, config: dict[str, Any]) -> None:
        self._members = tuple(members)
        self._bounds = bounds
        self.config = config  #: its own part; the members and bounds are added by `state`

    def forecast(self, panel: Panel, series: I64, origin: I64, horizon: int) -> Forecast:
        """See abc.Fitted. The sum of the members' forecasts by weight, at each level that all of them have."""
        forecasts = [member.fitted.forecast(panel, series, origin, horizon) for member in self._members]
        levels = tuple(sorted(set.intersection(*(set(forecast.quantiles) for forecast in forecasts))))
        values = np.zeros((len(series), horizon, len(levels)))
        for member, forecast in zip(self._members, forecasts, strict=True):
            values += member.weight * forecast.values[:, :, [forecast.quantiles.index(level) for level in levels]]
        bounded: F32 = self._bounds.apply(values.astype(np.float32), panel, series, origin)
        return Forecast(bounded, levels)

    def state(self) -> State:
        """The states of all members in one."""
        entries: list[dict[str, Any]] = []
        weights: dict[str, torch.Tensor] = {}
        for i, member in enumerate(self._members):
            state = member.fitted.state()
            entries.append(
                {
                    "model_type": member.model_type,
                    "address": member.address,
                    "weight": member.weight,
                    "config": {name: value for name, value in state.config.items() if name not in OWN},
                }
            )
            weights |= prefixed(i, state.weights)
        refits = any(entry["config"].get("refits") for entry in entries)
        return State({**self.config, "bounds": self._bounds.to_json(), "members": entries, "refits": refits}, weights)


def load(state: State) -> CompositeFitted:
    """The model whose `state()` was `state`; DataFault for a state of something else."""
    config = dict(state.config)
    try:
        entries, bounds = config.pop("members"), Bounds.from_json(config.pop("bounds"))
        members = [
            Member(
                entry["model_type"],
                float(entry["weight"]),
                rebuild(entry["model_type"], State(entry["config"], of_prefix(i, state.weights))),
                entry["address"],
            )
            for i, entry in enumerate(entries)
        ]
    except (KeyError, TypeError) as error:
        raise DataFault(
            "The state must be one that an ensemble was saved with",
            got=f"{type(error).__name__}: {str(error)[:200]}",
            fix="Take config and weights of the same run.",
        ) from error
    return CompositeFitted(members, bounds, config)


def rebuild(model_type: str, state: State) -> Fitted:
    """The model of `state`, by an algorithm that is installed or a plug-in; draws no random number of others."""
    import torch

    algorithm = find(model_type)
    with torch.random.fork_rng(devices=[]):  # a module is made with random weights before it gets its own
        return algorithm.load(state)


def find(model_type: str) -> Algorithm:
    """The algorithm `model_type`, plug-ins included."""
    return registry.find(model_type, Settings().plugins)


def feature_names(members: Sequence[Member]) -> list[str]:
    """What the members read, each name once, the target first."""
    names = [name for member in members for name in member.fitted.state().config.get("feature_names", ())]
    return list(dict.fromkeys(["target", *names]))


def prefixed(i: int, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The names of `weights` behind "i."."""
    return {f"{i}.{name}": tensor for name, tensor in weights.items()}


def of_prefix(i: int, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What `prefixed` gave `i`."""
    return {name.removeprefix(f"{i}."): tensor for name, tensor in weights.items() if name.startswith(f"{i}.")}
