"""What a training may use of the world: its run folder, and whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tidebook.jobs.progress import Progress, Watcher

if TYPE_CHECKING:
    from tidebook.abc import Checkpoint, State
    from tidebook.runs import TrainingManager
    from tidebook.runs.manager import Status

CHECKPOINT_INTERVAL = 10


class Cancelled(BaseException):
    """Somebody asked the training to end. Not an Exception, so that no algorithm swallows it."""


class RunContext:
    """The FitContext of a training that is recorded in a run folder; it begins before device and resume are known."""

    def __init__(self, run: TrainingManager, *, seed: int, watch: Watcher, should_stop: Callable[[], bool]) -> None:
        self.device = "cpu"
        self.seed = seed
        self.deadline: float | None = None
        self.resume: Checkpoint | None = None
        self.members: Sequence[tuple[str, State]] = ()
        self._run = run
        self._watch = watch
        self._should_stop = should_stop
        self._started = time.monotonic()
        self._now = Progress(run.run_name, "initialized")

    def enter(self, status: Status) -> None:
        """The run enters a status: preparing, training, completed."""
        self._run.update_status(status)
        self._now = replace(self._now, status=status, eta_seconds=None)
        self._watch(self._now)

    def begin(self, device: str, resume: Checkpoint | None, *, fits: int = 1) -> None:
        """Training begins on `device`, after the epochs of `resume`; it is the first of `fits` models."""
        self.device, self.resume = device, resume
        self._started = time.monotonic()
        self._now = replace(self._now, epoch=resume.epoch if resume else 0, fits=fits)
        self.enter("training")

    def next_fit(self) -> None:
        """The model before is done; another one begins, from its first epoch."""
        self.resume = None
        self._started = time.monotonic()
        self._now = replace(self._now, fit=self._now.fit + 1, epoch=0, step=0, eta_seconds=None)

    def log(self, text: str) -> None:
        """A line in logs/training.log."""
        self._run.save_training_log(text)

    def report(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """The metrics of a finished epoch, into the log and logs/metrics.json."""
        self._run.log_metrics(epoch, dict(metrics))
        self._run.save_training_log(
            f"Epoch {epoch}: " + ", ".join(f"{name}={value:.6g}" for name, value in metrics.items())
        )
        val_loss = metrics.get("val_loss")
        best = self._now.best_val_loss
        if val_loss is not None and (best is None or val_loss < best):
            self._now = replace(self._now, best_val_loss=val_loss, best_epoch=epoch)
        self._show(epoch=epoch, step=0, train_loss=metrics.get("train_loss"), val_loss=val_loss)

    def progress(self, *, epoch: int, epochs: int, step: int, steps: int, train_loss: float | None) -> None:
        """Step `step` of `steps` in epoch `epoch` (from 1) of `epochs`."""
        loss = self._now.train_loss if train_loss is None else train_loss
        self._show(epoch=epoch - 1, epochs=epochs, step=step, steps=steps, train_loss=loss)

    def should_stop(self) -> bool:
        """Whether somebody asked to stop."""
        return self._should_stop()

    def save(self, epoch: int, content: Mapping[str, Any], metrics: Mapping[str, float], *, best: bool) -> None:
        """Keeps every tenth epoch and the best."""
        self._run.write_checkpoint(epoch, content, metrics, best=best, periodic=epoch % CHECKPOINT_INTERVAL == 0)

    def _show(self, **changes: Any) -> None:
        elapsed = time.monotonic() - self._started
        now = replace(self._now, **changes, elapsed_seconds=elapsed)
        first = self.resume.epoch if self.resume else 0
        done = now.epoch - first + (now.step / now.steps if now.steps else 0.0)
        left = now.epochs - first - done + now.epochs * (now.fits - now.fit - 1)
        self._now = replace(now, eta_seconds=elapsed / done * left if done > 0 else None)
        self._watch(self._now)
