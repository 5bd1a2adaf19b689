"""What recurrent networks share: their state after a day is all that the next day needs."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from tidebook.neural.forecaster import Forecaster


class Recurrent(Forecaster):
    """A Forecaster whose encoder is `self.rnn`, a stack of recurrent layers [B, L, P] -> [B, L, H]."""

    rnn: nn.RNNBase

    def encode(self, past: Tensor, count: int) -> Tensor:
        """See Forecaster."""
        encoded: Tensor = self.rnn(past)[0]
        return encoded[:, -count:]

    def begin(self, past: Tensor) -> tuple[Tensor, Any]:
        """See Carrying."""
        encoded, state = self.rnn(past)
        return encoded[:, -1:], state

    def step(self, past: Tensor, state: Any) -> tuple[Tensor, Any]:
        """See Carrying."""
        encoded, state = self.rnn(past, state)
        return encoded[:, -1:], state
