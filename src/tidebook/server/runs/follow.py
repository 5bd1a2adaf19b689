"""Runs as live topics: what comes behind a cursor."""

from __future__ import annotations

from tidebook.catalog.access import Access
from tidebook.server.runs.find import current
from tidebook.server.services import Services
from tidebook.tasks.tail import Chunk, log_chunk, metrics_chunk

CHANGES_AT_ONCE = 200
MAX_LINES = 2_000  #: of one message


def changes(parts: Services, after: int, access: Access) -> Chunk:
    """The runs that changed, each as it is now; one that was deleted is `{"run_name": …, "deleted": true}`."""
    items, cursor = parts.runs.changes(after, CHANGES_AT_ONCE, access)
    return Chunk(items, cursor)


def changes_of(parts: Services, run_name: str, after: int, access: Access) -> Chunk:
    """The run, if it changed."""
    run = current(parts, access, run_name)
    return Chunk([run.item], run.change) if run.change > after else Chunk([], after)


def metrics(parts: Services, run_name: str, after: int, access: Access) -> Chunk:
    """Entries of its metrics log."""
    run = current(parts, access, run_name)
    return metrics_chunk(run.folder / "logs" / "metrics.json", after, ended=not run.live)


def logs(parts: Services, run_name: str, after: int, access: Access) -> Chunk:
    """Lines of its log."""
    run = current(parts, access, run_name)
    return log_chunk(run.folder / "logs" / "training.log", after, MAX_LINES, ended=not run.live)
