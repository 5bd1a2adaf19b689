"""Makes one file of another at no cost: by a clone, or by a second name."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from tidebook.abc import FileEntry
from tidebook.store.arriving import arriving, hidden
from tidebook.store.claims import CLAIM
from tidebook.store.copying import clone, nanoseconds_of

MARK = ".shared"  #: lies in a folder whose versions have files of other names
COUNTED = 1 << 16  #: bytes from which on a file is worth to be remembered by it


class _NoClone(Exception):
    """The file system shares no blocks."""


def cloned(reader: int, target: str, entry: FileEntry) -> bool:
    """Makes `target` a clone of what `reader` reads, where the file system shares blocks."""
    with suppress(_NoClone):
        with arriving(target) as part:
            if not clone(reader, part.handle):
                raise _NoClone
            when = nanoseconds_of(entry.mtime)
            os.utime(part.handle, ns=(when, when))
        return True
    return False


def linked(source: str, reader: int, target: str) -> bool:
    """Makes `target` another name of `source`, which nobody can write from then on."""
    temporary = hidden(target) + ".link"
    try:
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(reader), os.lstat(target)):
                return True
        os.fchmod(reader, stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
        with suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108
        os.link(source, temporary)
        os.rename(temporary, target)  # noqa: PTH104
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        return False
    return True


def mark(*files: str) -> None:
    """Notes beside the versions that `files` are of that they have large files of other names."""
    for file in files:
        version = next((folder for folder in Path(file).parents if (folder / CLAIM).exists()), None)
        if version is not None:
            with suppress(OSError):  # Whoever counts without it counts too much, and that is all.
                (version.parent / MARK).touch()
