"""What a disk did not take of a run, in words that its metadata keep."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from tidebook.runs.waiting import Waiting

MOST = 100  #: warnings of a run

_logger = logging.getLogger(__name__)


class Faults:
    """The warnings of a run: those of earlier writers first."""

    def __init__(self, run_name: str) -> None:
        self._run_name = run_name
        self._earlier: list[str] = []
        self._new: list[str] = []

    def go_on_from(self, warnings: object) -> None:
        """Keeps the warnings that the metadata hold already."""
        self._earlier = [str(text) for text in warnings] if isinstance(warnings, list) else []

    def add(self, text: str) -> None:
        """Keeps a warning, for the log of the program now and the metadata at its next change."""
        if len(self._new) < MOST and text not in self._new:
            _logger.warning("run %s: %s", self._run_name, text)
            self._new.append(text)

    def all(self, queues: Mapping[str, Waiting]) -> list[str]:
        """The warnings, and what waits in `queues` (by the name of its file) or was dropped there."""
        waiting = [
            f"{name}: {queue.dropped} entries were dropped and {len(queue)} wait ({queue.fault})"
            for name, queue in queues.items()
            if queue.dropped or len(queue)
        ]
        return list(dict.fromkeys([*self._earlier, *self._new, *waiting]))[:MOST]
