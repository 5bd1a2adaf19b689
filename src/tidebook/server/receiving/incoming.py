"""A file on its way in: under a name of ours until all of it is there and its digest holds."""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from blake3 import blake3

from tidebook.core import syncing
from tidebook.core.errors import Conflict, TooLarge
from tidebook.core.files import MAX_RECORD_BYTES, MODE, storage_errors

PREFIX = ".incoming-"
STALE_SECONDS = 3600.0  #: after which what a killed server left behind is removed


class Incoming:
    """A hidden file at the top of the run's folder, which vanishes unless it is taken."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.path = folder / f"{PREFIX}{secrets.token_hex(8)}"
        self._limit = limit
        self._size = 0
        self._hasher = blake3()
        with storage_errors(self.path):
            self._handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)

    def write(self, data: bytes) -> None:
        """Adds to it; TooLarge beyond the limit."""
        self._size += len(data)
        if self._size > self._limit:
            raise too_large(self._limit)
        self._hasher.update(data)
        with storage_errors(self.path):
            view = memoryview(data)
            while view:
                view = view[os.write(self._handle, view) :]

    def verify(self, digest: str) -> None:
        """Conflict where what came is not what was announced: it was written to while it was sent."""
        got = str(self._hasher.hexdigest())
        if got != digest:
            raise Conflict(
                "What arrives must have the digest that was announced",
                got=f"{self._size:,} bytes with another one",
                fix="Send it again, with the digest of what it holds now.",
                digest=got,
            )

    def take(self, target: Path) -> tuple[int, int]:
        """Puts it at `target`, to be synced within the next second; its size and modification time."""
        with storage_errors(target):
            status = os.fstat(self._handle)
            target.parent.mkdir(parents=True, exist_ok=True)
            self.path.replace(target)
        syncing.replaced(target)
        return status.st_size, status.st_mtime_ns

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._handle)
        self.path.unlink(missing_ok=True)


def remove_stale(folder: Path) -> None:
    """Removes what a server that was killed left in a run's folder."""
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()


def too_large(limit: int) -> TooLarge:
    """The refusal of a file above the limit."""
    record = limit == MAX_RECORD_BYTES
    return TooLarge(
        f"A {'record' if record else 'file'} of a run must have at most {limit:,} bytes",
        got="more than that",
        fix="Put what is large into files/ or tables/."
        if record
        else "Raise TIDEBOOK_MAX_UPLOAD_BYTES on the server, or keep the file out of the run's folder.",
    )
