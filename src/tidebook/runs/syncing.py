"""Brings what was appended to the disk itself, in batches: power loss costs at most the last second."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

INTERVAL_SECONDS = 1.0


class Mark:
    """A file that is appended to, and whether its next sync is already ordered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ordered = False


_lock = threading.Lock()
_pending: list[Mark] = []
_wake = threading.Event()
_thread: threading.Thread | None = None


def later(mark: Mark) -> None:
    """Has the marked file synced within the next second, by a thread that all logs of this process share."""
    global _thread  # noqa: PLW0603 - one thread for the whole process
    if mark.ordered:
        return
    with _lock:
        mark.ordered = True
        _pending.append(mark)
        if _thread is None:
            _thread = threading.Thread(target=_work, name="tidebook-sync", daemon=True)
            _thread.start()
    _wake.set()


def sync(path: Path) -> None:
    """Syncs the file at `path` now. A file that is gone needs no sync."""
    # A descriptor of its own: a copy of the log's could carry its lock into a process that forks meanwhile.
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _work() -> None:
    while True:
        _wake.wait()
        time.sleep(INTERVAL_SECONDS)
        _wake.clear()
        with _lock:
            marks = list(_pending)
            _pending.clear()
        for mark in marks:
            mark.ordered = False  # First, so that what is appended during the sync orders another one.
            sync(mark.path)


def _start_afresh() -> None:
    # A forked child has no such thread, and must not inherit locks that one of the parent's may hold.
    global _thread, _lock, _wake
    _thread, _lock, _wake = None, threading.Lock(), threading.Event()
    for mark in _pending:
        mark.ordered = False
    _pending.clear()


os.register_at_fork(after_in_child=_start_afresh)
