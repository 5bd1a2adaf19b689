"""One candidate of `auto`: trained within its share of the time, then asked the same questions as all others."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.abc import Checkpoint, Fitted, State
from tidebook.algorithms.hyperparameters import build
from tidebook.combining.composite import find
from tidebook.combining.shortlist import ONE_BY_ONE, Candidate
from tidebook.combining.table import Note, note
from tidebook.core.arrays import F32

if TYPE_CHECKING:
    from tidebook.abc import FitContext
    from tidebook.combining.rolling import Rolling
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

STEPS = 1000  #: that a candidate's progress is told in
FEWEST = 3  #: epochs below which a shorter training is not worth beginning again for


class TooSlow(Exception):
    """After its first epoch a candidate has room for only `epochs` of those that it was to train for."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        super().__init__(f"room for {epochs} epochs")


@dataclass
class Outcome:
    """What came of a candidate."""

    candidate: Candidate
    seconds: float  #: of training and of forecasting the validation part
    fitted: Fitted | None = None  #: None where it failed
    forecasts: F32 | None = None  #: [P], see Rolling
    notes: tuple[Note, ...] = ()


@dataclass
class Trial:
    """The FitContext of candidate number `place` of `count`: its words go to those who watch the whole."""

    whole: FitContext
    name: str
    place: int  #: from 0
    count: int
    device: str
    seed: int
    started: float  #: time.monotonic()
    deadline: float | None = None
    planned: int = 0  #: epochs that it is to train for, if it trains in epochs
    resume: Checkpoint | None = None
    members: Sequence[tuple[str, State]] = ()

    def log(self, text: str) -> None:
        """See abc.FitContext."""
        self.whole.log(f"{self.name}: {text}")

    def report(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """A candidate's epoch is a line of the log; the epochs of the whole are the candidates."""
        self.log(f"epoch {epoch}: " + ", ".join(f"{name}={value:.6g}" for name, value in metrics.items()))
        if epoch == 1 and self.deadline is not None and self.planned:
            now = time.monotonic()
            room = int((self.deadline - now) / max(now - self.started, 1e-3))
            if FEWEST <= room < self.planned - 1:
                raise TooSlow(room)

    def progress(self, *, epoch: int, epochs: int, step: int, steps: int, train_loss: float | None) -> None:
        """The further one of work and time is the progress of the candidate."""
        done = (epoch - 1 + step / max(1, steps)) / max(1, epochs)
        if self.deadline is not None and self.deadline > self.started:
            done = max(done, (time.monotonic() - self.started) / (self.deadline - self.started))
        self.whole.progress(
            epoch=self.place + 1,
            epochs=self.count,
            step=min(STEPS, round(STEPS * done)),
            steps=STEPS,
            train_loss=train_loss,
        )

    def should_stop(self) -> bool:
        """Whether somebody asked the whole to stop."""
        return self.whole.should_stop()

    def save(self, epoch: int, content: Mapping[str, Any], metrics: Mapping[str, float], *, best: bool) -> None:
        """Nothing is kept: a candidate that is interrupted begins again."""


def run(candidate: Candidate, trial: Trial, panel: Panel, span: Span, rolling: Rolling) -> Outcome:
    """Trains and asks `candidate`; what it fails of is in the outcome and in the log."""
    started = time.monotonic()
    try:
        slow = _too_slow(candidate, trial, panel, span, rolling)
        if slow is not None:
            return Outcome(candidate, time.monotonic() - started, notes=(slow,))
        fitted, notes = _fit(candidate, trial, panel, span)
        forecasts = rolling.forecast(fitted)
        if not np.isfinite(forecasts).all():
            raise ArithmeticError("forecasts that are not finite")
    except Exception as error:  # noqa: BLE001 - whatever a candidate fails of, the others go on
        trial.log(traceback.format_exc())
        absent = isinstance(error, ImportError) or isinstance(error.__cause__, ImportError)
        return Outcome(
            candidate, time.monotonic() - started, notes=(note("skipped_import" if absent else "failed", error=error),)
        )
    if fitted.state().config.get("training", {}).get("stopped") == "deadline":
        notes.append(note("cut_short"))
    return Outcome(candidate, time.monotonic() - started, fitted, forecasts, tuple(notes))


def _too_slow(candidate: Candidate, trial: Trial, panel: Panel, span: Span, rolling: Rolling) -> Note | None:
    """Why a candidate that fits every series on its own, again for each forecast, is not worth beginning with.

    The longest series alone is timed, twice: the first time pays for imports and compilation, too. What the timing
    takes is not held against the candidate.
    """
    if candidate.model_type not in ONE_BY_ONE or trial.deadline is None:
        return None
    alone = panel.select([int(panel.mask[:, span.start : span.train_end].sum(axis=1).argmax())])
    algorithm = find(candidate.model_type)
    settings: Any = build(algorithm.Hyperparameters, candidate.overrides)
    for _ in range(2):
        began = time.monotonic()
        algorithm.fit(alone, span, settings, trial)
        took = time.monotonic() - began
    seconds = took * (len(panel.keys) + len(rolling.series) * len(rolling.windows))
    if seconds <= trial.deadline - trial.started:
        return None
    return note("skipped_slow", seconds=seconds)


def _fit(candidate: Candidate, trial: Trial, panel: Panel, span: Span) -> tuple[Fitted, list[Note]]:
    """The trained candidate, and how its hyper-parameters differ from the defaults.

    One that learns in epochs, and has no time for all of them, begins again with fewer: its learning rate then falls
    to the end as it should.
    """
    algorithm = find(candidate.model_type)
    notes = [note("settings", settings=f"{name}={value}") for name, value in candidate.overrides.items()]
    settings: Any = build(algorithm.Hyperparameters, candidate.overrides)
    trial.planned = getattr(settings, "epochs", 0)
    try:
        return algorithm.fit(panel, span, settings, trial), notes
    except TooSlow as slow:
        epochs = slow.epochs
    trial.log(f"begins again with {epochs} epochs, as many as there is time for")
    trial.planned = 0
    shorter: Any = build(algorithm.Hyperparameters, {**candidate.overrides, "epochs": epochs})
    return algorithm.fit(panel, span, shorter, trial), [*notes, note("settings", settings=f"epochs={epochs}")]
