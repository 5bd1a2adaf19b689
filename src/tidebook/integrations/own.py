"""The run that a framework's callback writes to: one that was given, or one of its own."""

from __future__ import annotations

from typing import Any

from tidebook.runs import TrainingManager
from tidebook.runs.start import start_run


class OwnRun:
    """A run to write to.

    One that was given belongs to who gave it, and is not ended here. Without one, a run is started at first use with
    the arguments of `tidebook.start_run`, and ended with the training: so of several processes that train together
    only the one that writes makes a run.
    """

    def __init__(self, given: TrainingManager | None, arguments: dict[str, Any]) -> None:
        self._run = given
        self._given = given is not None
        self._arguments = arguments

    def get(self) -> TrainingManager:
        """The run; the first call starts it."""
        if self._run is None:
            self._run = start_run(**self._arguments)
        return self._run

    def finish(self, status: str = "completed", reason: str | None = None) -> None:
        """Ends the run if it is of its own."""
        if self._run is not None and not self._given:
            self._run.finish(status, reason)
