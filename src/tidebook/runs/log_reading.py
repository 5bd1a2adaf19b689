"""Reading logs/metrics.json: from a cursor on, or its last entries, whoever writes it meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tidebook.core.errors import DataFault
from tidebook.runs.entries import parse, parse_end

BLOCK = 64 * 1024  #: what is read of the end at first
FURTHEST = 64 << 20  #: how far before its end the last entry of a log is looked for
_EMPTY = frozenset({b"", b"[", b"[\n]", b"[]"})


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
    """The complete entries in the last 64 KiB of a log, or before where none is there; none where there is no file.

    DataFault where it is no log.
    """
    return read_last(path)[0]


def read_last(path: Path, count: int = 1) -> tuple[list[dict[str, Any]], int]:
    """The last `count` entries of a log or more, fewer where it has no more, and the cursor behind them.

    They are looked for in its last 64 MiB, however wide they are and however the array is laid out. A file that is
    not there has no entries; DataFault where it is no log.
    """
    try:
        with path.open("rb", buffering=0) as file:
            size, wanted = os.fstat(file.fileno()).st_size, BLOCK
            while True:
                start = max(0, size - wanted)
                data = os.pread(file.fileno(), size - start, start)
                entries, used = parse(data) if start == 0 else parse_end(data)
                if len(entries) >= count or start == 0 or wanted >= FURTHEST:
                    break
                wanted *= 4
    except FileNotFoundError:
        return [], 0
    if not entries and data.strip() not in _EMPTY and (start > 0 or data.count(b"\n") > 1):
        raise DataFault(
            "A metrics log must be a JSON array", got="something else", fix="Move the file away; it is written anew."
        )
    return entries, start + used
