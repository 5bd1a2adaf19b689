"""A run's folder as what is to be sent: logs that grow, and files that go whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson
from blake3 import blake3

from tidebook.sdk.arrays import ArrayLog

ARRAYS = ("logs/metrics.json", "logs/resources.json")
TEXTS = ("logs/training.log",)
LOGS = (*ARRAYS, *TEXTS)  #: what is appended to
RECORDS = ("config.json", "context.json", "labels.json", "metadata.json")  #: in the order in which they are sent
MERGED = frozenset({"labels.json", "metadata.json"})  #: kept otherwise than they came
FOLDERS = ("context", "model", "checkpoints", "results", "files", "figures", "tables", "logs")
CHECKED_BYTES = 4096  #: before a position, which must be the same on both sides
MAX_APPEND_BYTES = 16 * 1024 * 1024  #: that a server takes at once
BLOCK = 1024 * 1024


class Log(Protocol):
    """A file that only grows."""

    def length(self) -> int:
        """How much of it can be sent."""

    def read(self, start: int, limit: int) -> bytes:
        """What follows `start`, about `limit` bytes at most."""

    def before(self, position: int, count: int) -> bytes:
        """At most `count` bytes that end at `position`."""


class TextLog:
    """A text file that only grows."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def length(self) -> int:
        """Its size."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def read(self, start: int, limit: int) -> bytes:
        """What follows `start`."""
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                return file.read(limit)
        except OSError:
            return b""

    def before(self, position: int, count: int) -> bytes:
        """At most `count` bytes that end at `position`."""
        start = max(0, position - count)
        return self.read(start, position - start)


def logs(folder: Path) -> dict[str, Log]:
    """The logs of a run by their paths, whether or not they are there yet."""
    return {
        **{path: ArrayLog(folder / path) for path in ARRAYS},
        **{path: TextLog(folder / path) for path in TEXTS},
    }


@dataclass(frozen=True)
class Found:
    """A file as it lies in the folder."""

    path: str  #: below the run's folder, with '/'
    size: int
    changed: int  #: modification time, nanoseconds
    inode: int

    @property
    def stamp(self) -> tuple[int, int, int]:
        """What changes with the content."""
        return self.size, self.changed, self.inode


def records(folder: Path) -> list[Found]:
    """The JSON files at the top; labels and metadata last, so that what they tell of has been sent."""
    found = (_look(folder, name) for name in RECORDS)
    return [each for each in found if each is not None]


def contents(folder: Path) -> list[Found]:
    """All other files that go whole. Links and hidden files are none of the run."""
    return [each for name in FOLDERS for each in _below(folder, name) if each.path not in LOGS]


def everything(folder: Path) -> list[Found]:
    """All files of the run that are sent in one way or another."""
    grown = (_look(folder, path) for path in LOGS)
    return [*(each for each in grown if each is not None), *contents(folder), *records(folder)]


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; {} where there is none."""
    try:
        value = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def digest_of(data: bytes) -> str:
    """The digest of some bytes."""
    return str(blake3(data).hexdigest())


def digest_file(file: BinaryIO) -> str:
    """The digest of what follows in an open file."""
    hasher = blake3()
    while block := file.read(BLOCK):
        hasher.update(block)
    return str(hasher.hexdigest())


@contextmanager
def opened(folder: Path, path: str) -> Iterator[BinaryIO | None]:
    """A file of the run; None where it is gone. Replaced meanwhile, it stays the one that was opened."""
    try:
        handle = os.open(folder / path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        yield None
        return
    with os.fdopen(handle, "rb") as file:
        yield file


def _look(folder: Path, path: str) -> Found | None:
    try:
        status = (folder / path).lstat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Found(path, status.st_size, status.st_mtime_ns, status.st_ino)


def _below(folder: Path, path: str) -> Iterator[Found]:
    try:
        entries = sorted(os.scandir(folder / path), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        inner = f"{path}/{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _below(folder, inner)
        elif entry.is_file(follow_symlinks=False):
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            yield Found(inner, status.st_size, status.st_mtime_ns, status.st_ino)
