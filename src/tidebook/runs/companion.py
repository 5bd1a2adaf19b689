"""What goes along with a run while it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

REPORT_SECONDS = 10.0  #: how long the end of a run waits for the server to have all of it


class Companion(Protocol):
    """Is told what happens to a run."""

    def wake(self) -> object:
        """Something was written. Costs next to nothing."""

    def finish(self) -> object:
        """The run has ended; waits for what is worth waiting for, not long."""


class Reporting(Companion):
    """Sends the run to a server while it is written."""

    def __init__(self, folder: Path, server: str, token: str) -> None:
        from tidebook.sdk.reporter import Reporter

        self._reporter = Reporter(folder, server, token)
        self._reporter.start()

    def wake(self) -> None:
        """Has the server told of what is new."""
        self._reporter.wake()

    def finish(self) -> None:
        """Gives the server a little time to take the rest."""
        self._reporter.close(REPORT_SECONDS)
