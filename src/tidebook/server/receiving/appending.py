"""Appends to a log exactly at its own length; a JSON array is valid after each time."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from tidebook.core import syncing
from tidebook.core.errors import Conflict, InvalidInput
from tidebook.core.files import MODE, storage_errors
from tidebook.runs.entries import parse
from tidebook.sdk.spool import CHECKED_BYTES, digest_of

_TAIL = b"\n]"
_BLOCK = 64 * 1024


def length(path: Path, *, array: bool) -> int:
    """How long the log is; of an array where its last complete entry ends. 0 where there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return 0
    try:
        return _end(handle) if array else os.fstat(handle).st_size
    finally:
        os.close(handle)


def append(path: Path, data: bytes, *, array: bool, offset: int, before: str = "", anew: bool = False) -> int:
    """Adds `data` at `offset`, which must be the log's length, and returns the new length.

    `before` is the digest of the 4096 bytes (or fewer) that precede the offset at the sender. Conflict with the
    `length` where it is another one, and with `differs` where those bytes are. With `anew` the log begins again;
    what it held is kept beside it under another name. InvalidInput where an array would not get complete entries.
    """
    if array:
        check_entries(data, first=offset == 0)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if anew and offset == 0:
            _set_aside(path)
        with _locked(path) as handle:
            end = _end(handle) if array else os.fstat(handle).st_size
            if offset != end:
                raise _misplaced(path, offset, end)
            if before and before != digest_of(os.pread(handle, min(end, CHECKED_BYTES), max(0, end - CHECKED_BYTES))):
                raise _differs(path, end)
            _write(handle, data, end, _TAIL if array else b"")
    syncing.later(syncing.Mark(path))
    return end + len(data)


def check_entries(data: bytes, *, first: bool) -> None:
    """InvalidInput unless `data` is complete entries as the log holds them: each an object on a line of its own."""
    begins = b"[\n" if first else b",\n"
    if not data.startswith(begins):
        raise _no_entries(f"a beginning of {data[:8]!r}", f"Begin with {begins.decode()!r}: the file's own bytes.")
    lines = data[2:].split(b",\n")
    for number, line in enumerate(lines, 1):
        try:
            valid = line[:1] == b"{" and b"\n" not in line and isinstance(orjson.loads(line), dict)
        except orjson.JSONDecodeError:
            valid = False
        if not valid:
            raise _no_entries(f"entry {number} of {len(lines)}: {line[:60]!r}", "Send whole lines only.")


def _end(handle: int) -> int:
    """Where the last complete entry of an array ends; 0 where there is none."""
    size = os.fstat(handle).st_size
    if size > 3 and os.pread(handle, 1, 0) == b"[" and os.pread(handle, 2, size - 2) == _TAIL:
        return size - 2
    block = _BLOCK
    while size:
        start = max(0, size - block)
        data = os.pread(handle, size - start, start)
        first = 0 if start == 0 else data.find(b"\n") + 1
        entries, used = parse(data[first:])
        if entries:
            return start + first + used
        if start == 0:
            return 0
        block *= 4
    return 0


def _write(handle: int, data: bytes, end: int, tail: bytes) -> None:
    if os.fstat(handle).st_size > end + len(tail):
        os.ftruncate(handle, end)  # what a killed server left behind
    whole = data + tail
    written = os.pwrite(handle, whole, end)
    if written != len(whole):
        os.ftruncate(handle, end)
        if end:
            os.pwrite(handle, tail, end)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _set_aside(path: Path) -> None:
    if path.exists():
        path.rename(path.with_name(f"{path.stem}.replaced-{time.time_ns()}{path.suffix}"))


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(
                "A run must have one writer at a time",
                got=f"{path.parent.parent.name}, which a process on the server writes",
                fix="Wait until that one has ended.",
            ) from error
        yield handle
    finally:
        os.close(handle)


def _misplaced(path: Path, offset: int, end: int) -> Conflict:
    return Conflict(
        "What is appended must follow what the server has",
        got=f"position {offset:,}, while {path.name} has {end:,} bytes",
        fix="Go on from details.length.",
        length=end,
    )


def _differs(path: Path, end: int) -> Conflict:
    return Conflict(
        "What is appended must follow the same bytes that the server has",
        got=f"other bytes before position {end:,} of {path.name}",
        fix="Send it from the beginning, with anew=1; the server keeps what it had under another name.",
        length=end,
        differs=True,
    )


def _no_entries(got: str, fix: str) -> InvalidInput:
    return InvalidInput("What is appended must be complete entries, a JSON object a line", got=got, fix=fix)
