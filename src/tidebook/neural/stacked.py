"""What stacks of layers share that see the days before through a state of each layer."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from tidebook.neural.forecaster import Forecaster


class Stacked(Forecaster):
    """A Forecaster whose encoder is `embed`, then `layers`, then `norm`.

    A layer takes values[B, D, H], the state before them or None, and how many of the last days are asked for. It
    gives those days [B, count, H] and the state after all of them.
    """

    embed: nn.Linear
    layers: nn.ModuleList
    norm: nn.LayerNorm

    def needed(self, number: int, count: int) -> int | None:
        """How many of the last days layer `number` must give, for `count` at the end; None for all of them."""
        return count if number == len(self.layers) - 1 else None

    def encode(self, past: Tensor, count: int) -> Tensor:
        """See Forecaster."""
        return self._run(past, None, count)[0]

    def begin(self, past: Tensor) -> tuple[Tensor, list[Any]]:
        """See Carrying."""
        return self._run(past, None, 1)

    def step(self, past: Tensor, state: list[Any]) -> tuple[Tensor, list[Any]]:
        """See Carrying."""
        return self._run(past, state, 1)

    def _run(self, past: Tensor, state: list[Any] | None, count: int) -> tuple[Tensor, list[Any]]:
        values = self.embed(past)
        after = []
        for number, layer in enumerate(self.layers):
            days, needed = values.shape[1], self.needed(number, count)
            wanted = days if needed is None else min(days, needed)
            values, kept = layer(values, state[number] if state else None, wanted)
            after.append(kept)
        return self.norm(values), after
