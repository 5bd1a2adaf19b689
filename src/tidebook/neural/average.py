"""The mean of a model's weights over its last steps: it forecasts better than the last step alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """An exponential moving average of a model's weights (Polyak and Juditsky, 1992; as in Kingma and Ba, 2015).

    Young averages forget faster, so that the first steps do not linger. `decay` 0 follows the weights.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self._model = model
        self._decay = decay
        self._mean = [parameter.detach().clone() for parameter in model.parameters()]
        self._own = self._mean  #: the trained weights, while the model has the mean
        self.steps = 0

    @torch.no_grad()
    def update(self) -> None:
        """Takes the model's weights of now into the mean."""
        self.steps += 1
        decay = min(self._decay, self.steps / (self.steps + 10))
        torch._foreach_lerp_(self._mean, [p.detach() for p in self._model.parameters()], 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within, the model has the mean as its weights."""
        self._own = [parameter.detach().clone() for parameter in self._model.parameters()]
        self._put(self._mean)
        try:
            yield
        finally:
            self._put(self._own)

    def own(self) -> dict[str, Tensor]:
        """Within `applied`: the weights that training goes on from, by name."""
        names = (name for name, _ in self._model.named_parameters())
        return dict(zip(names, self._own, strict=True))

    def restore(self, own: Mapping[str, Tensor], steps: int) -> None:
        """Takes the model's weights as the mean of `steps` updates, and gives it those that training goes on from."""
        self.steps = steps
        self._mean = [parameter.detach().clone() for parameter in self._model.parameters()]
        self._put([own[name] for name, _ in self._model.named_parameters()])

    @torch.no_grad()
    def _put(self, weights: list[Tensor]) -> None:
        for parameter, weight in zip(self._model.parameters(), weights, strict=True):
            parameter.copy_(weight)
