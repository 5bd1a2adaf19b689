"""logs/metrics.json: a JSON array that is valid after every call, and costs the same at the millionth entry.

An entry is one line and one unbuffered `pwrite` that replaces the closing `\\n]`. What a call has returned from
survives the death of the process. A kill inside a call may leave an incomplete last line: readers drop it, and
opening for writing cuts it.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from tidebook.core import syncing
from tidebook.core.errors import Conflict, DataFault
from tidebook.core.files import storage_errors
from tidebook.runs.entries import encode, parse
from tidebook.runs.totals import Totals
from tidebook.runs.waiting import Waiting

FIRST = 1  #: the cursor of the first entry, behind the opening bracket
AT_ONCE = 500  #: entries that are counted together
_TAIL = b"\n]"
_BLOCK = 64 * 1024

_logger = logging.getLogger(__name__)
_logs: WeakValueDictionary[str, MetricsLog] = WeakValueDictionary()
_registry = threading.Lock()


def read_metrics(path: Path, after: int = 0, *, max_bytes: int | None = None) -> tuple[list[dict[str, Any]], int]:
    """The entries behind the cursor `after` (0: all), and the cursor to go on from.

    The cursor is a position in the file that leaves the closing bracket out. Entries come once each and whole,
    also while a writer is at work. A file that is not there has no entries. `max_bytes` bounds what is read at
    once; an entry that is longer is read all the same.
    """
    try:
        with path.open("rb", buffering=0) as file:
            # Nothing behind the size seen first is read: there, bytes from before and after a write could meet.
            there = os.fstat(file.fileno()).st_size - after
            wanted = there if max_bytes is None else max_bytes
            while True:
                data = os.pread(file.fileno(), max(0, min(wanted, there)), after)
                entries, used = parse(data)
                if entries or wanted >= there:
                    return entries, after + used
                wanted *= 4
    except FileNotFoundError:
        return [], after


def last_entries(path: Path) -> list[dict[str, Any]]:
    """The complete entries in the last 64 KiB of a log; none where there is no file. DataFault where it is no log."""
    try:
        with path.open("rb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            start = max(0, size - _BLOCK)
            data = os.pread(file.fileno(), _BLOCK, start)
    except FileNotFoundError:
        return []
    entries, _ = parse(data if start == 0 else data[data.find(b"\n") + 1 :])
    if not entries and data.strip() not in {b"", b"[", b"[\n]", b"[]"} and data.count(b"\n") > 1:
        raise DataFault(
            "A metrics log must be a JSON array", got="something else", fix="Move the file away; it is written anew."
        )
    return entries


class MetricsLog:
    """The one writer of a metrics.json. Get it with `MetricsLog.at`: within a process all share it.

    It opens at the first `append` (or `open`) and after a `close` again. Conflict where another process writes.
    Where the disk takes nothing, entries wait in a bounded queue, and `waiting.dropped` counts what it gave up.
    """

    def __init__(self, path: Path, holder: Callable[[], str] = lambda: "another process") -> None:
        self.path = path
        self.waiting = Waiting()
        self._holder = holder
        self._lock = threading.Lock()
        self._handle: int | None = None
        self._end = 0  # where the last entry ends: the tail stands here
        self._empty = True
        self._certain = False  # False from before a write until its end is noted, so that a signal between is seen
        self.mark = syncing.Mark(path)
        self._start = 0  # the end as it was found
        self._totals = Totals()
        self._uncounted: list[Mapping[str, Any]] = []

    @classmethod
    def at(cls, path: Path, holder: Callable[[], str] = lambda: "another process") -> MetricsLog:
        """The log at `path`; `holder` says who holds it, for the Conflict."""
        key = os.path.realpath(path)
        with _registry:
            log = _logs.get(key)
            if log is None:
                log = _logs[key] = cls(path, holder)
            return log

    @property
    def is_open(self) -> bool:
        """Whether this process holds the file."""
        return self._handle is not None

    @property
    def end(self) -> int:
        """The cursor behind the last entry, of an open log."""
        return self._end

    def open(self) -> None:
        """Takes the lock and repairs what a killed writer left behind; nothing happens if it is open already."""
        with self._lock:
            self._opened()

    def append(self, entry: Mapping[str, Any]) -> None:
        """Adds `entry`. On return the file is a valid array, and the entry is in it unless the disk is full."""
        line = encode(entry)
        with self._lock:
            handle = self._handle if self._certain and self._handle is not None else self._opened()
            if self.waiting:
                self.waiting.add(line)
                if self.waiting.due:
                    self._flush(handle)
                return
            self._uncounted.append(entry)  # before it is written: a signal between the two must not lose it
            try:
                self._write(handle, line)
            except OSError as error:
                self._uncounted.pop()
                self._hold(handle, error)
                self.waiting.add(line)
            if len(self._uncounted) >= AT_ONCE:
                self._count()
        if not self.mark.ordered:
            syncing.later(self.mark)

    def counted(self) -> tuple[int, Totals, int]:
        """The cursor where this process began, the totals of what it appended, and the cursor behind that."""
        with self._lock:
            self._count()
            return self._start, self._totals, self._end

    def close(self) -> None:
        """Writes what waits if the disk takes it now, and releases the lock. May be opened again."""
        with self._lock:
            if self._handle is None:
                return
            if self.waiting:
                self._flush(self._handle)
            os.close(self._handle)
            self._handle, self._certain = None, False
        syncing.later(self.mark)

    def __del__(self) -> None:
        handle = getattr(self, "_handle", None)
        if handle is not None:
            os.close(handle)

    def _opened(self) -> int:
        """The open, locked and repaired file."""
        handle = self._handle
        if handle is not None:
            if not self._certain:
                try:
                    self._repair(handle)
                except OSError as error:  # Full still: training goes on, and the next call tries again.
                    self.waiting.failed(error)
            return handle
        with storage_errors(self.path):
            handle = self._locked()
            try:
                self._repair(handle)
            except BaseException:
                os.close(handle)
                raise
        self._handle = handle
        self._start, self._totals, self._uncounted = self._end, Totals(), []
        return handle

    def _count(self) -> None:
        # Many entries at once: a good part of what counting each as it comes would take.
        self._totals.add_entries(self._uncounted)
        self._uncounted.clear()

    def _locked(self) -> int:
        while True:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(handle), self.path.stat()):
                    return handle
            except BlockingIOError as error:
                os.close(handle)
                raise Conflict(
                    "A run must have one writer at a time",
                    got=f"{self.path.parent.parent.name} is being written by {self._holder()}",
                    fix="Wait until that one ends or stop it; reading is always possible.",
                ) from error
            except FileNotFoundError:
                pass  # Somebody moved the file away between opening and locking it.
            os.close(handle)

    def _write(self, handle: int, lines: bytes) -> None:
        data = (b"\n" if self._empty else b",\n") + lines + _TAIL
        self._certain = False
        written = os.pwrite(handle, data, self._end)
        if written != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._end += len(data) - len(_TAIL)
        self._empty = False
        self._certain = True

    def _flush(self, handle: int) -> None:
        lines = b",\n".join(self.waiting.all())
        try:
            self._write(handle, lines)
        except OSError as error:
            self._hold(handle, error)
        else:
            self.waiting.clear()
            self._uncounted += parse(lines)[0]

    def _hold(self, handle: int, error: OSError) -> None:
        if not self.waiting.fault:
            _logger.warning("%s takes nothing now (%s); metrics wait in memory", self.path, error.strerror)
        self.waiting.failed(error)
        with suppress(OSError):  # Where even this fails, the next call finds the end again.
            self._seal(handle, self._end)
            self._certain = True

    def _seal(self, handle: int, end: int) -> None:
        os.ftruncate(handle, end)
        os.pwrite(handle, _TAIL, end)

    def _repair(self, handle: int) -> None:
        """Finds the end of the last complete entry and makes the file end there."""
        size = os.fstat(handle).st_size
        if size == 0:
            os.pwrite(handle, b"[" + _TAIL, 0)
            self._end, self._empty, self._certain = 1, True, True
            return
        if size >= 3 and os.pread(handle, 1, 0) == b"[" and os.pread(handle, 2, size - 2) == _TAIL:
            self._end, self._empty = size - 2, size == 3
            self._certain = True
            return
        block = _BLOCK
        while True:
            start = max(0, size - block)
            data = os.pread(handle, size - start, start)
            first = 0 if start == 0 else data.find(b"\n") + 1
            entries, used = parse(data[first:])
            if entries:
                self._end, self._empty = start + first + used, False
                break
            if start == 0:
                self._set_aside(data)
                os.ftruncate(handle, 0)
                os.pwrite(handle, b"[", 0)
                self._end, self._empty = 1, True
                break
            block *= 4
        self._seal(handle, self._end)
        self._certain = True

    def _set_aside(self, data: bytes) -> None:
        """Keeps a copy of a file that is not a torn log of ours: opening it must not destroy what it holds."""
        torn_first_entry = data[:1] == b"[" and data.count(b"\n") <= 1
        if not data.strip() or torn_first_entry:
            return
        aside = self.path.with_name(f"metrics.broken-{time.time_ns()}.json")
        aside.write_bytes(data)
        _logger.warning("%s is no metrics log; it was kept as %s", self.path, aside.name)

    def _forget(self) -> None:
        """In a forked child: the lock stays with the parent."""
        if self._handle is not None:
            os.close(self._handle)
        self._handle, self._certain = None, False
        self._lock = threading.Lock()
        self.waiting = Waiting()


def _after_fork() -> None:
    global _registry  # noqa: PLW0603 - it may have been held by a thread that the child does not have
    _registry = threading.Lock()
    for log in list(_logs.values()):
        log._forget()


os.register_at_fork(after_in_child=_after_fork)
