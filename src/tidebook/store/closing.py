"""Files are placed in a claimed tree until it is completed: the two exclude each other, over all processes."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tidebook.abc import FileEntry
from tidebook.core.errors import Conflict
from tidebook.core.files import storage_errors

_mine = threading.local()  # the locks that this thread holds


@contextmanager
def placing(lock: Path | str) -> Iterator[None]:
    """In which the tree of the lock file is not completed; any number may place files at once."""
    with _held(os.fspath(lock), fcntl.LOCK_SH):
        yield


@contextmanager
def closing(lock: Path | str) -> Iterator[None]:
    """In which nothing is placed in the tree of the lock file. A thread that is in it may enter again."""
    with _held(os.fspath(lock), fcntl.LOCK_EX):
        yield


def slot(folder: Path, name: str) -> Path:
    """The lock file for something: one of a few, whose number does not grow with that of the names."""
    return folder / f"{hashlib.sha256(name.encode()).hexdigest()[:2]}.lock"


def made(lock: Path) -> Path:
    """The lock file, made where there is none."""
    with storage_errors(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    return lock


def complete(what: str) -> Conflict:
    """The error for a change of a tree that is complete."""
    return Conflict(
        "A version is written once and never changed",
        got=f"{what}, which is complete",
        fix="Publish as a new version.",
    )


def check_unchanged(prefix: str, manifest: dict[str, object] | None, entry: FileEntry) -> None:
    """Conflict where a complete tree does not have exactly this content in this place: it is brought back, or no."""
    files = (manifest or {}).get("files")
    for known in files if isinstance(files, list) else ():
        if known["path"] == entry.path and (known["size"], known["digest"]) == (entry.size, entry.digest):
            return
    raise complete(prefix)


@contextmanager
def _held(lock: str, kind: int) -> Iterator[None]:
    held: set[str] = _mine.__dict__.setdefault("held", set())
    handle = None if lock in held else _opened(lock)
    if handle is None:  # Ours already, or a tree that nobody has claimed: it is filled by hand.
        yield
        return
    try:
        with suppress(OSError):  # Some network drives have no locks.
            fcntl.flock(handle, kind)
        held.add(lock)
        yield
    finally:
        held.discard(lock)
        os.close(handle)


def _opened(lock: str) -> int | None:
    try:
        return os.open(lock, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
