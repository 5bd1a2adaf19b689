"""logs/metrics.json: a JSON array that is valid after every call, and costs the same at the millionth entry.

An entry is one line and one unbuffered `pwrite` that replaces the closing `\\n]`. What a call has returned from
survives the death of the process. A kill inside a call may leave an incomplete last line: readers drop it, and
opening for writing cuts it.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from tidebook.core import syncing
from tidebook.core.files import storage_errors
from tidebook.runs.entries import encode, parse
from tidebook.runs.log_file import TAIL, locked, repair, seal
from tidebook.runs.totals import Totals
from tidebook.runs.waiting import Waiting

FIRST = 1  #: the cursor of the first entry, behind the opening bracket
AT_ONCE = 500  #: entries that are counted together

_UnderWay = tuple[int, bytes, list[bytes]]
_logger = logging.getLogger(__name__)
_logs: WeakValueDictionary[str, MetricsLog] = WeakValueDictionary()
_registry = threading.RLock()


class MetricsLog:
    """The one writer of a metrics.json. Get it with `MetricsLog.at`: within a process all share it.

    It opens at the first `append` (or `open`) and after a `close` again. Conflict where another process writes.
    Where the disk takes nothing, entries wait in a bounded queue, and `waiting.dropped` counts what it gave up.

    A signal handler may use it while a call of the same thread is under way. What it adds goes behind the
    entry that it interrupted, and both are in the file when it returns.
    """

    def __init__(self, path: Path, holder: Callable[[], str] = lambda: "another process") -> None:
        self.path = path
        self.waiting = Waiting()
        self._holder = holder
        self._lock = threading.RLock()
        self._handle: int | None = None
        self._end = 0  # where the last entry ends: the tail stands here
        self._empty = True
        self._certain = False  # whether `_end` is known: not from before a write until its end is noted
        # What is being written: its position, what goes before it, its lines. Written twice it stays the same.
        self._under_way: _UnderWay | None = None
        self._turn: list[Any] = []  # of the latest write of that
        self._busy = False  # opening, repairing, or writing what waited
        self._closing = False  # asked for by a signal handler: the call that it interrupted closes the file
        self.mark = syncing.Mark(path)
        self._start = 0  # the end as it was found
        self._totals = Totals()
        self._uncounted: list[Mapping[str, Any]] = []

    @classmethod
    def at(cls, path: Path, holder: Callable[[], str] = lambda: "another process") -> MetricsLog:
        """The log at `path`; `holder` says who holds it, for the Conflict."""
        key = os.path.realpath(path.parent) + os.sep + path.name
        with _registry:
            log = _logs.get(key)
            if log is None:
                log = _logs[key] = cls(path, holder)
            return log

    @property
    def is_open(self) -> bool:
        """Whether this process holds the file."""
        return self._handle is not None and not self._closing

    @property
    def end(self) -> int:
        """The cursor behind the last entry, of an open log."""
        return self._end

    def open(self) -> None:
        """Takes the lock and repairs what a killed writer left behind; nothing happens if it is open already."""
        with self._lock:
            self._closing = False
            if self._under_way is None and not self._busy:
                self._slowly(self._opened)

    def append(self, entry: Mapping[str, Any]) -> None:
        """Adds `entry`. On return the file is a valid array, and the entry is in it unless the disk is full."""
        line = encode(entry)
        with self._lock:
            # Signals come at calls only: there is none from here until what is under way is noted.
            handle, under_way = self._handle, self._under_way
            if under_way is not None and handle is not None:
                self._join(handle, under_way, line, entry)
            elif self._busy:
                self.waiting.add(line)
            elif self._certain and handle is not None and not self.waiting.entries:
                self._under_way = under_way = (self._end, b"\n" if self._empty else b",\n", [line])
                self._uncounted.append(entry)
                self._finish(handle, under_way, line, (entry,))
            else:
                self._slowly(lambda: self._add(self._opened(), line, entry))
            if len(self._uncounted) >= AT_ONCE:
                self._count()
        if not self.mark.ordered:
            syncing.later(self.mark)

    def counted(self) -> tuple[int, Totals, int]:
        """The cursor where this process began, the totals of what it appended, and the cursor behind that."""
        with self._lock:
            self._count()
            return self._start, self._totals, self._end

    def flush(self) -> None:
        """Writes what waits if the file is open and the disk takes it now."""
        with self._lock:
            handle = self._handle
            if handle is not None and self.waiting.entries and self._under_way is None and not self._busy:
                self._slowly(lambda: self._flush(handle))

    def close(self) -> None:
        """Writes what waits if the disk takes it now, and releases the lock. May be opened again."""
        with self._lock:
            handle = self._handle
            if handle is None or self._closing:
                return
            under_way = self._under_way
            if under_way is not None or self._busy:
                self._closing = True
                if under_way is not None:
                    with suppress(OSError):
                        self._write(handle, under_way)
            else:
                self.flush()
                self._shut()
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
                    self._end, self._empty = repair(self.path, handle)
                    self._certain = True
                except OSError as error:  # Full still: training goes on, and the next call tries again.
                    self.waiting.failed(error)
            return handle
        with storage_errors(self.path):
            handle = locked(self.path, self._holder)
            try:
                self._end, self._empty = repair(self.path, handle)
            except BaseException:
                os.close(handle)
                raise
        self._handle, self._certain = handle, True
        self._start, self._totals, self._uncounted = self._end, Totals(), []
        return handle

    def _count(self) -> None:
        # Many entries at once: a good part of what counting each as it comes would take.
        before, entries = self._totals, self._uncounted
        count = len(entries)
        fresh = Totals()
        fresh.add_entries(entries[:count])
        whole = fresh.after(before)
        if self._totals is before:  # else a signal handler has counted meanwhile
            self._totals, self._uncounted = whole, entries[count:]

    def _slowly(self, work: Callable[[], object]) -> None:
        """Does what a signal handler must not do at the same time: it leaves its entries to wait then."""
        self._busy = True
        try:
            work()
            if self._closing and self._handle is not None:
                self._flush(self._handle)
        finally:
            self._busy = False
            if self._closing:
                self._shut()

    def _add(self, handle: int, line: bytes, entry: Mapping[str, Any]) -> None:
        if not self.waiting.entries:
            self._put(handle, line, entry)
            return
        self.waiting.add(line)
        if self.waiting.due:
            self._flush(handle)

    def _put(self, handle: int, line: bytes, *entries: Mapping[str, Any]) -> None:
        """Writes a line, or several; what the disk does not take waits."""
        self._under_way = under_way = (self._end, b"\n" if self._empty else b",\n", [line])
        self._uncounted += entries
        self._finish(handle, under_way, line, entries)

    def _finish(self, handle: int, under_way: _UnderWay, line: bytes, entries: Sequence[Mapping[str, Any]]) -> None:
        try:
            self._write(handle, under_way)
        except OSError as error:
            self._under_way = None
            self._refused(handle, error, line, entries)
        except BaseException:  # Raised by a signal handler: the entry is counted, so it has to be there.
            self._write(handle, under_way)
            raise
        finally:
            self._under_way = None
            if self._closing and not self._busy:
                self._shut()

    def _join(self, handle: int, under_way: _UnderWay, line: bytes, entry: Mapping[str, Any]) -> None:
        """In a signal handler: adds to what is under way, and writes all of that; so does the interrupted call."""
        under_way[2].append(line)
        self._uncounted.append(entry)
        try:
            self._write(handle, under_way)
        except OSError as error:
            under_way[2].remove(line)
            self._refused(handle, error, line, [entry])

    def _write(self, handle: int, under_way: _UnderWay) -> None:
        """Writes what is under way, once more where a signal handler has added to it meanwhile."""
        position, before, lines = under_way
        while True:
            turn: list[Any] = []
            self._certain, self._turn = False, turn
            data = before + b",\n".join(lines) + TAIL
            end = position + len(data) - len(TAIL)
            if os.pwrite(handle, data, position) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if self._turn is turn:
                self._end, self._empty, self._certain = end, False, True
                return

    def _flush(self, handle: int) -> None:
        whole = b",\n".join(self.waiting.take())
        if whole:
            self._put(handle, whole, *parse(whole)[0])

    def _refused(self, handle: int, error: OSError, lines: bytes, entries: Sequence[Mapping[str, Any]]) -> None:
        gone = set(map(id, entries))
        self._uncounted = [entry for entry in self._uncounted if id(entry) not in gone]
        self._hold(handle, error)
        self.waiting.put_back(lines.split(b",\n"))

    def _shut(self) -> None:
        handle = self._handle
        self._handle, self._certain, self._closing = None, False, False
        if handle is not None:
            os.close(handle)

    def _hold(self, handle: int, error: OSError) -> None:
        if not self.waiting.fault:
            _logger.warning("%s takes nothing now (%s); metrics wait in memory", self.path, error.strerror)
        self.waiting.failed(error)
        with suppress(OSError):  # Where even this fails, the next call finds the end again.
            seal(handle, self._end)
            self._certain = True

    def _forget(self) -> None:
        """In a forked child: the lock stays with the parent."""
        if self._handle is not None:
            os.close(self._handle)
        self._handle, self._certain = None, False
        self._under_way, self._busy, self._closing = None, False, False
        self._lock = threading.RLock()
        self.waiting = Waiting()


def _after_fork() -> None:
    global _registry  # noqa: PLW0603 - it may have been held by a thread that the child does not have
    _registry = threading.RLock()
    for log in list(_logs.values()):
        log._forget()


os.register_at_fork(after_in_child=_after_fork)
