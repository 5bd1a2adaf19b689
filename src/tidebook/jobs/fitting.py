"""A model of a training: fitted, and its intervals calibrated."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tidebook.core.errors import TaskFailure, TidebookError
from tidebook.jobs.context import Cancelled, RunContext

if TYPE_CHECKING:
    from tidebook.abc import Algorithm, Checkpoint, FitContext, Fitted, State
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Fold, Span


def fit(
    algorithm: Algorithm, panel: Panel, span: Span, chosen: Any, context: FitContext, levels: Sequence[float]
) -> Fitted:
    """Trains on `span`, and calibrates intervals of `levels` percent on its validation part.

    TaskFailure for an error within the algorithm; Cancelled where somebody asked to stop.
    """
    from tidebook.intervals import Calibrated, calibrate

    try:
        fitted = algorithm.fit(panel, span, chosen, context)
        if context.should_stop():
            raise Cancelled
        if not levels:
            return fitted
        started = time.monotonic()
        calibration = calibrate(fitted, panel, span, levels)
    except TidebookError:
        raise
    except Exception as error:
        context.log(traceback.format_exc())
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise TaskFailure(
            f"The algorithm {algorithm.name} must train without an error",
            got=f"{type(error).__name__}: {error} ({place.filename}, line {place.lineno})",
            fix="The run's log holds the details.",
        ) from error
    if calibration.levels:
        named = ", ".join(f"{level:g} %" for level in calibration.levels)
        context.log(f"Intervals of {named} calibrated in {time.monotonic() - started:.1f} s")
    else:
        context.log("No intervals: the validation part holds no observed day")
    return Calibrated(fitted, calibration)


def refit(
    algorithm: Algorithm, panel: Panel, fold: Fold, chosen: Any, whole: RunContext, levels: Sequence[float]
) -> Fitted:
    """The model of an earlier fold, trained as the one that is kept was, on the days until the fold."""
    return fit(algorithm, panel, fold.span, chosen, Earlier(whole, str(panel.dates[fold.origin])), levels)


class Earlier:
    """The FitContext of an earlier fold's model: its progress is told, its epochs and checkpoints are not kept."""

    resume: Checkpoint | None = None

    def __init__(self, whole: RunContext, name: str) -> None:
        self.device, self.seed, self.deadline = whole.device, whole.seed, whole.deadline
        self.members: Sequence[tuple[str, State]] = whole.members
        self._whole = whole
        self._name = name
        whole.next_fit()

    def log(self, text: str) -> None:
        """See abc.FitContext."""
        self._whole.log(f"Fold from {self._name}: {text}")

    def report(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """A line of the log; the run's metrics are those of the model that is kept."""
        self.log(f"epoch {epoch}: " + ", ".join(f"{name}={value:.6g}" for name, value in metrics.items()))

    def progress(self, *, epoch: int, epochs: int, step: int, steps: int, train_loss: float | None) -> None:
        """See abc.FitContext."""
        self._whole.progress(epoch=epoch, epochs=epochs, step=step, steps=steps, train_loss=train_loss)

    def should_stop(self) -> bool:
        """See abc.FitContext."""
        return self._whole.should_stop()

    def save(self, epoch: int, content: Mapping[str, Any], metrics: Mapping[str, float], *, best: bool) -> None:
        """Nothing is kept: what is interrupted begins again."""
