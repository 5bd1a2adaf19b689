"""A log that is a JSON array, one entry a line, as bytes that only grow: its closing bracket left out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

_CLOSING = b"], \t\r\n"
_TAIL_BYTES = 64 * 1024
_HEAD_BYTES = 4 * 1024


class ArrayLog:
    """The complete entries of an array file, whoever writes it meanwhile.

    Positions are those of the file itself. A file of another program that does not hold an entry a line is read as
    if it did.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int] | None = None
        self._rewritten: bytes | None = None  # the content of a file that is not one of ours

    def length(self) -> int:
        """Where the last complete entry ends; 0 where there is none."""
        with _opened(self.path) as handle:
            if handle is None:
                return 0
            other = self._of_others(handle)
            if other is not None:
                return len(other)
            size = os.fstat(handle).st_size
            wanted = _TAIL_BYTES
            while True:
                start = max(0, size - wanted)
                data = os.pread(handle, size - start, start)
                end = complete(data)
                if end or start == 0:
                    return start + end if end else 0
                wanted *= 8

    def read(self, start: int, limit: int) -> bytes:
        """Complete entries from `start` on, `limit` bytes at most; but one entry at least, however long."""
        with _opened(self.path) as handle:
            if handle is None:
                return b""
            other = self._of_others(handle)
            # Behind the size seen first, bytes from before and after a write could meet.
            there = (os.fstat(handle).st_size if other is None else len(other)) - start
            while there > 0:
                wanted = min(there, limit + 1)
                data = os.pread(handle, wanted, start) if other is None else other[start : start + wanted]
                end = _whole(data, limit)
                if end or limit >= there:
                    return data[:end]
                limit *= 4
        return b""

    def before(self, position: int, count: int) -> bytes:
        """At most `count` bytes that end at `position`."""
        with _opened(self.path) as handle:
            if handle is None:
                return b""
            other = self._of_others(handle)
            start = max(0, position - count)
            return os.pread(handle, position - start, start) if other is None else other[start:position]

    def _of_others(self, handle: int) -> bytes | None:
        """The content with an entry a line, where the file has another form; None where it is one of ours."""
        if _is_ours(os.pread(handle, _HEAD_BYTES, 0)):
            return None
        status = os.fstat(handle)
        stamp = (status.st_size, status.st_mtime_ns)
        if self._stamp != stamp:
            self._stamp = stamp
            try:
                values = orjson.loads(os.pread(handle, status.st_size, 0))
            except orjson.JSONDecodeError:
                values = None
            lines = [
                orjson.dumps(value) for value in (values if isinstance(values, list) else ()) if isinstance(value, dict)
            ]
            self._rewritten = b"[\n" + b",\n".join(lines) if lines else b""
        return self._rewritten


def complete(data: bytes) -> int:
    """Where in `data`, which may begin and end within a line, the last complete entry ends; 0 where there is none."""
    while data:
        text = data.rstrip(_CLOSING)
        first = text.rfind(b"\n") + 1
        line = text[first:].lstrip(b"[, \t\r")
        if line.startswith(b"{") and line.endswith(b"}") and _is_object(line):
            return len(text)
        data = text[: max(first - 1, 0)]
    return 0


def _is_ours(head: bytes) -> bool:
    """Whether a file that begins like this holds an entry a line, or nothing yet."""
    if len(head) < 3:
        return head in {b"", b"[", b"[\n", b"[]"}
    if head[:3] not in {b"[\n{", b"[\n]"}:
        return False
    first, ended, _ = head[2:].partition(b"\n")
    return not ended or first.rstrip(_CLOSING).endswith(b"}") or first == b"]"


def _whole(data: bytes, limit: int) -> int:
    """Where in `data` the last complete entry ends, within the limit; 0 where there is none."""
    return complete(data if len(data) <= limit else data[: data.rfind(b"\n") + 1])


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)
