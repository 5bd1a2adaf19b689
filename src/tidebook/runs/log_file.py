"""The file of a metrics log as its writer finds it: taken for one process, and repaired where one was killed."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

from tidebook.core.errors import Conflict, DataFault
from tidebook.runs.entries import parse
from tidebook.runs.log_reading import BLOCK

TAIL = b"\n]"  #: what closes the array

_logger = logging.getLogger(__name__)


def locked(path: Path, holder: Callable[[], str]) -> int:
    """The open file, which no other process can lock; Conflict where one has, DataFault where it is a link."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _opened(path)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except BlockingIOError as error:
            os.close(handle)
            raise Conflict(
                "A run must have one writer at a time",
                got=f"{path.parent.parent.name} is being written by {holder()}",
                fix="Wait until that one ends or stop it; reading is always possible.",
            ) from error
        except FileNotFoundError:
            pass  # Somebody moved the file away between opening and locking it.
        os.close(handle)


def repair(path: Path, handle: int) -> tuple[int, bool]:
    """Makes the file end behind its last complete entry: where that is, and whether there is none."""
    size = os.fstat(handle).st_size
    if size == 0:
        os.pwrite(handle, b"[" + TAIL, 0)
        return 1, True
    if size >= 3 and os.pread(handle, 1, 0) == b"[" and os.pread(handle, 2, size - 2) == TAIL:
        return size - 2, size == 3
    end, empty = _last_end(path, handle, size)
    seal(handle, end)
    return end, empty


def seal(handle: int, end: int) -> None:
    """Makes the array end at `end`."""
    os.ftruncate(handle, end)
    os.pwrite(handle, TAIL, end)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise DataFault(
            "A metrics log must be a file of its own",
            got=f"{path}, which is a link",
            fix="Remove the link, or put a copy of the file in its place.",
        ) from error


def _last_end(path: Path, handle: int, size: int) -> tuple[int, bool]:
    block = BLOCK
    while True:
        start = max(0, size - block)
        data = os.pread(handle, size - start, start)
        first = 0 if start == 0 else data.find(b"\n") + 1
        entries, used = parse(data[first:])
        if entries:
            return start + first + used, False
        if start == 0:
            _set_aside(path, data)
            os.ftruncate(handle, 0)
            os.pwrite(handle, b"[", 0)
            return 1, True
        block *= 4


def _set_aside(path: Path, data: bytes) -> None:
    """Keeps a copy of a file that is not a torn log of ours: opening it must not destroy what it holds."""
    torn_first_entry = data[:1] == b"[" and data.count(b"\n") <= 1
    if not data.strip() or torn_first_entry:
        return
    aside = path.with_name(f"metrics.broken-{time.time_ns()}.json")
    aside.write_bytes(data)
    _logger.warning("%s is no metrics log; it was kept as %s", path, aside.name)
