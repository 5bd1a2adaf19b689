"""Appends to a log exactly at its own length; a JSON array is valid after each time."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from tidebook.core import syncing
from tidebook.core.errors import Conflict, InvalidInput
from tidebook.core.files import MODE, storage_errors, write_bytes
from tidebook.runs.entries import parse
from tidebook.sdk.spool import CHECKED_BYTES, digest_of
from tidebook.server.receiving.merging import DEEPEST, check_writable

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
    tail = _TAIL if array else b""
    if array and offset == 0:
        check_entries(data, path.name, first=True)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(path) as handle:
            if anew and offset == 0:
                _begin_anew(path, handle, data + tail)
                return len(data)
            end = _end(handle) if array else os.fstat(handle).st_size
            if offset != end:
                raise _misplaced(path, offset, end)
            if before and before != digest_of(os.pread(handle, min(end, CHECKED_BYTES), max(0, end - CHECKED_BYTES))):
                raise _differs(path, end)
            if array and offset:  # not sooner: of a log that differs, the position may lie within an entry
                check_entries(data, path.name, first=False)
            _write(handle, data, end, tail)
    syncing.later(syncing.Mark(path))
    return end + len(data)


def check_entries(data: bytes, name: str, *, first: bool) -> None:
    """InvalidInput unless `data` is complete entries as the log `name` holds them: each an object on its own line."""
    begins = b"[\n" if first else b",\n"
    if not data.startswith(begins):
        raise _no_entries(f"a beginning of {data[:8]!r}", f"Begin with {begins.decode()!r}: the file's own bytes.")
    lines = data[2:].split(b",\n")
    for number, line in enumerate(lines, 1):
        try:
            entry = orjson.loads(line) if line[:1] == b"{" and b"\n" not in line else None
        except orjson.JSONDecodeError:
            entry = None
        if not isinstance(entry, dict):
            raise _no_entries(f"entry {number} of {len(lines)}: {line[:60]!r}", "Send whole lines only.")
        if line.count(b"[") + line.count(b"{") > DEEPEST:
            check_writable(entry, name)


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


def _begin_anew(path: Path, handle: int, content: bytes) -> None:
    """Puts `content` in the place of a log that is locked; what it held stays under another name.

    There is a log at every moment, and it is whole: a process here that is about to write goes on behind `content`.
    """
    if os.fstat(handle).st_size == 0:
        write_bytes(path, content, later=True)
        return
    aside = path.with_name(f"{path.stem}.replaced-{time.time_ns()}{path.suffix}")
    try:
        try:
            os.link(path, aside)
        except OSError:  # The file system has no second names.
            shutil.copyfile(path, aside)
        write_bytes(path, content, later=True)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


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
