"""Brings what was written to the disk itself, in batches: power loss costs at most the last second."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

INTERVAL_SECONDS = 1.0
MANY = 32  #: files from which on the whole file system is synced at once


class Mark:
    """A file that is written, and whether its next sync is already ordered."""

    def __init__(self, path: Path, synced: Callable[[], object] | None = None) -> None:
        self.path = path
        self.synced = synced  #: called after each sync
        self.ordered = False


_lock = threading.Lock()
_pending: list[Mark] = []
_written: list[str] = []
_wake = threading.Event()
_thread: threading.Thread | None = None


def later(mark: Mark) -> None:
    """Has the marked file synced within the next second, by a thread that all files of this process share."""
    if mark.ordered:
        return
    with _lock:
        mark.ordered = True
        _pending.append(mark)
    _call()


def replaced(path: Path) -> None:
    """Has the file that was put at `path`, and its name in its folder, synced within the next second."""
    later(Mark(path))
    later(Mark(path.parent))


def written(path: str) -> None:
    """The same as `replaced`, at next to no cost where there are thousands."""
    _written.append(path)
    if not _wake.is_set():
        _call()


def sync(path: Path) -> None:
    """Syncs the file or folder at `path` now. What is gone needs no sync."""
    # A descriptor of its own: a copy of the log's could carry its lock into a process that forks meanwhile.
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def together(paths: Collection[str]) -> None:
    """Syncs files or folders now: each, or where they are many, their whole file systems."""
    if len(paths) < MANY or not _sync_file_systems(paths):
        for path in paths:
            sync(Path(path))


def flush() -> None:
    """Syncs now what is ordered."""
    with _lock:
        marks = list(_pending)
        _pending.clear()
    count = len(_written)  # More may be added meanwhile.
    files = set(_written[:count])
    del _written[:count]
    for mark in marks:
        mark.ordered = False  # First, so that what is written during the sync orders another one.
    together({*(str(mark.path) for mark in marks), *files, *map(os.path.dirname, files)})
    for mark in marks:
        if mark.synced is not None:
            mark.synced()


def _call() -> None:
    global _thread  # noqa: PLW0603 - one thread for the whole process
    with _lock:
        if _thread is None:
            _thread = threading.Thread(target=_work, name="tidebook-sync", daemon=True)
            _thread.start()
    _wake.set()


def _work() -> None:
    while True:
        _wake.wait()
        time.sleep(INTERVAL_SECONDS)
        _wake.clear()
        flush()


def _sync_file_systems(paths: Iterable[str]) -> bool:
    """Syncs the file systems that the paths lie on, each once; False where the system has no such call."""
    call = _syncfs()
    if call is None:
        return False
    done = set()
    for path in paths:
        with suppress(OSError):
            handle = os.open(Path(path).parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                device = os.fstat(handle).st_dev
                if device not in done:
                    if call(handle) != 0:
                        return False
                    done.add(device)
            finally:
                os.close(handle)
    return True


@cache
def _syncfs() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), "syncfs", None)


def _start_afresh() -> None:
    # A forked child has no such thread, and must not inherit locks that one of the parent's may hold.
    global _thread, _lock, _wake
    _thread, _lock, _wake = None, threading.Lock(), threading.Event()
    for mark in _pending:
        mark.ordered = False
    _pending.clear()
    _written.clear()


os.register_at_fork(after_in_child=_start_afresh)
atexit.register(flush)
