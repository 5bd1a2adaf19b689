"""What a training makes small."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def _huber(error: Tensor) -> Tensor:
    """Half the square below one deviation, linear beyond: single days far off do not rule the training."""
    size = error.abs()
    return torch.where(size < 1, 0.5 * error.square(), size - 0.5)


_ERRORS: dict[str, Callable[[Tensor], Tensor]] = {"mae": torch.abs, "huber": _huber, "mse": torch.square}


def elementwise(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    """`mae`, `huber` or `mse`: the error of forecasts [..., Q] against targets [...], the mean over Q."""
    error = _ERRORS[name]

    def measure(forecasts: Tensor, target: Tensor) -> Tensor:
        return error(forecasts - target[..., None]).mean(-1)

    return measure
