"""What a training makes small, and how a model's raw output becomes a forecast under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import softplus

if TYPE_CHECKING:
    from tidebook.neural.windows import Windows

QUANTILES = (0.025, 0.1, 0.5, 0.9, 0.975)  #: levels that the quantile loss learns: intervals of 80 and 95 %
COUNTS = frozenset({"poisson", "tweedie"})  #: losses of means that are above 0
POWER = 1.5  #: of the Tweedie distribution, between Poisson's 1 and gamma's 2
SMALLEST_LEVEL = 0.01  #: deviations of the window
SMALLEST = 1e-4  #: of a mean, in deviations of its window


def _huber(error: Tensor) -> Tensor:
    """Half the square below one deviation, linear beyond: single days far off do not rule the training."""
    size = error.abs()
    return torch.where(size < 1, 0.5 * error.square(), size - 0.5)


_ERRORS: dict[str, Callable[[Tensor], Tensor]] = {
    "mae": torch.abs,
    "scaled": torch.abs,
    "huber": _huber,
    "mse": torch.square,
}


@dataclass(frozen=True)
class Objective:
    """A loss, one of `choices`.

    mae, huber and mse measure in deviations of the window; quantile is the mean of the pinball losses of QUANTILES
    (Koenker and Bassett, 1978). poisson and tweedie are the unit deviances of counts and of amounts with many zeros,
    up to a constant (Jørgensen, 1987): forecasts are means above 0, targets below 0 count as 0. scaled is the absolute
    error in shares of the window's level and in usual errors of its seasonal smoothing, half and half: series count
    alike however large and however steady they are, as in the OWA of M4 (Makridakis et al., 2020).
    """

    name: str
    departures: bool = False  #: outputs are departures from what is usual, in usual errors; so are the errors then

    choices = ("mae", "scaled", "huber", "mse", "quantile", "poisson", "tweedie")

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The levels that a model trained with it gives."""
        return QUANTILES if self.name == "quantile" else (0.5,)

    def forecasts(self, raw: Tensor, windows: Windows, day: int) -> Tensor:
        """A model's output [B, N, O, Q] as forecasts in the window's units; levels in ascending order.

        The first of the N positions forecasts from `day` of the windows on.
        """
        if self.departures:
            usual = windows.usual(day, raw.shape[1], raw.shape[2])
            raw = usual[..., None] + raw * windows.usual_error[:, None, None, None]
        if self.name == "quantile":
            return raw.sort(dim=-1).values
        if self.name in COUNTS:
            zero = _zero(windows, raw)
            return softplus(raw - zero) + zero
        return raw

    def errors(self, forecasts: Tensor, target: Tensor, windows: Windows) -> Tensor:
        """[B, ...]: the loss of forecasts[B, ..., Q] against targets[B, ...], both in the window's units."""
        if self.name == "quantile":
            level = torch.tensor(QUANTILES, device=forecasts.device)
            error = (target[..., None] - forecasts) / self._unit(windows, forecasts)
            return torch.maximum(level * error, (level - 1) * error).mean(-1)
        if self.name in COUNTS:
            zero = _zero(windows, forecasts)
            mean = (forecasts - zero)[..., 0].clamp(min=SMALLEST)
            actual = (target - zero[..., 0]).clamp(min=0)
            if self.name == "poisson":
                return mean - actual * mean.log()
            return mean ** (2 - POWER) / (2 - POWER) - actual * mean ** (1 - POWER) / (1 - POWER)
        return _ERRORS[self.name]((forecasts[..., 0] - target) / self._unit(windows, target))

    def _unit(self, windows: Windows, like: Tensor) -> Tensor | float:
        """What errors are measured in, in the window's units: [B, 1, ...] to go with `like`."""
        if self.name == "scaled":
            unit = 2 / (1 / windows.usual_error + 1 / windows.level.clamp(min=SMALLEST_LEVEL))
        elif self.departures:
            unit = windows.usual_error
        else:
            return 1.0
        return unit.view(-1, *(1,) * (like.dim() - 1))


def _zero(windows: Windows, like: Tensor) -> Tensor:
    """Where 0 lies in the units of each window, [B, 1, ...] to go with `like`."""
    return (-windows.mean / windows.scale).view(-1, *(1,) * (like.dim() - 1))
