"""Parquet copies of text files: parsed once, then read column by column like any other table.

A copy is kept for as long as the process lives and the file stays as it is.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from uuid import uuid4

import psutil

PREFIX = "tidebook-csv-"
_copies: dict[tuple[Path, str], tuple[str, Path]] = {}


def copy_of(path: Path, kind: str, make: Callable[[Path], None]) -> Path:
    """The copy of `path` that `make` writes to the path it is given; made anew when the file has changed.

    `kind` tells copies of one file from each other.
    """
    stat = path.stat()
    stamp = f"{stat.st_size}:{stat.st_mtime_ns}"
    key = (path.absolute(), kind)
    kept = _copies.get(key)
    if kept is not None:
        if kept[0] == stamp and kept[1].exists():
            return kept[1]
        kept[1].unlink(missing_ok=True)
    copy = Path(_folder().name) / f"{uuid4().hex}.parquet"
    try:
        make(copy)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    _copies[key] = (stamp, copy)
    return copy


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that goes with the process; those of processes that were killed go now."""
    from os import getpid

    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        pid = left.name.removeprefix(PREFIX).split("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(left, ignore_errors=True)
    return tempfile.TemporaryDirectory(prefix=f"{PREFIX}{getpid()}-", ignore_cleanup_errors=True)
