"""A training that nobody watches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tidebook.abc import Checkpoint, State


@dataclass
class Quiet:
    """A FitContext that keeps the metrics of the epochs and nothing else."""

    device: str = "cpu"
    seed: int = 0
    deadline: float | None = None
    resume: Checkpoint | None = None
    members: Sequence[tuple[str, State]] = ()
    epochs: list[dict[str, float]] = field(default_factory=list)

    def log(self, text: str) -> None:
        """Nobody reads it."""

    def report(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Kept in `epochs`."""
        self.epochs.append(dict(metrics))

    def progress(self, *, epoch: int, epochs: int, step: int, steps: int, train_loss: float | None) -> None:
        """Nobody looks."""

    def should_stop(self) -> bool:
        """Nobody asks."""
        return False

    def save(self, epoch: int, content: Mapping[str, Any], metrics: Mapping[str, float], *, best: bool) -> None:
        """Nothing is kept."""
