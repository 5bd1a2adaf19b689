"""A neural forecaster: an encoder of the past, and the head that forecasts from what it made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn

from tidebook.neural.head import Head


class Forecaster(nn.Module, ABC):
    """forward(past[B, L, P], known[B, L + O, K], static[B, S]) -> [B, N, O, Q], in the window's units.

    A subclass gives `encode` and sets `head`. Where it can carry state it is `Carrying`, too.
    """

    head: Head

    @abstractmethod
    def encode(self, past: Tensor, count: int) -> Tensor:
        """[B, count, H]: what the last `count` positions of past[B, L, P] know; none looks at days after its own."""

    def forward(self, past: Tensor, known: Tensor, static: Tensor) -> Tensor:
        """Forecasts from the last N positions; N is 1 unless training."""
        count = min(self.head.positions, past.shape[1]) if self.training else 1
        forecasts: Tensor = self.head(self.encode(past, count), known, static)
        return forecasts


@runtime_checkable
class Carrying(Protocol):
    """An encoder that goes on from where it was, so that a further day costs no second look at the window."""

    head: Head

    def begin(self, past: Tensor) -> tuple[Tensor, Any]:
        """The encoding [B, 1, H] of the last day of past[B, L, P], and the state after it."""

    def step(self, past: Tensor, state: Any) -> tuple[Tensor, Any]:
        """The same after further days past[B, D, P]: what `begin` would give for all days together."""
