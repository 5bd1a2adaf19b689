"""Where a training stands, for those who watch it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from tidebook.core.clock import timestamp
from tidebook.core.errors import StorageFailure
from tidebook.core.files import write_json


@dataclass(frozen=True)
class Progress:
    """A moment of a training."""

    run_name: str
    status: str  #: the run's status: initialized, preparing, training, completed, failed
    epoch: int = 0  #: epochs finished
    epochs: int = 0  #: epochs at most; early stopping may end sooner
    step: int = 0  #: steps done in this epoch
    steps: int = 0  #: steps of an epoch
    train_loss: float | None = None
    val_loss: float | None = None  #: of the last finished epoch
    best_val_loss: float | None = None
    best_epoch: int | None = None
    elapsed_seconds: float = 0.0  #: of training this model
    eta_seconds: float | None = None  #: until the last epoch of the last model, at the pace so far
    fit: int = 0  #: models trained before this one; the first is the one that is kept
    fits: int = 1  #: models in all: with refit one for each fold

    @property
    def fraction(self) -> float:
        """The share of all steps of all models that are done, 0 to 1."""
        if self.epochs == 0:
            return self.fit / self.fits
        within = self.step / self.steps if self.steps else 0.0
        return (self.fit + min(1.0, (self.epoch + within) / self.epochs)) / self.fits


Watcher = Callable[[Progress], None]


def nobody(progress: Progress) -> None:
    """A watcher who does not look."""


class ProgressFile:
    """A watcher that keeps the newest progress in a file, written at most five times a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0.0
        self._last: Progress | None = None

    def __call__(self, progress: Progress) -> None:
        changed = self._last is None or (self._last.status, self._last.epoch) != (progress.status, progress.epoch)
        if not changed and time.monotonic() - self._written < 0.2:
            return
        self._written = time.monotonic()
        try:
            write_json(self._path, {"format_version": 1, **asdict(progress), "updated_at": timestamp()})
        except (OSError, StorageFailure):
            return  # A full disk must not end a training; the next step tries again.
        self._last = progress
