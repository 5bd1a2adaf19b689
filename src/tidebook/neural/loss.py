"""What a training makes small."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn


def elementwise(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    """The error of each forecast [..., Q] against its target [...], of the target's shape; mean over Q.

    `mae`, `huber` (quadratic below one deviation) or `mse`.
    """
    errors = {"mae": nn.functional.l1_loss, "huber": nn.functional.huber_loss, "mse": nn.functional.mse_loss}[name]

    def measure(forecasts: Tensor, target: Tensor) -> Tensor:
        return errors(forecasts, target[..., None].expand_as(forecasts), reduction="none").mean(-1)

    return measure
