"""Copies a file and digests it in the same read."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

from blake3 import blake3

from tidebook.abc import FileEntry
from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.core.files import storage_errors

_CHUNK = 1 << 20


def copy(source: Path, target: Path, path: str) -> FileEntry:
    """Copies `source` to `target`, synced, with its modification time; the entry calls it `path`.

    NotFound without a source, InvalidInput where it is no regular file, Conflict where it changes meanwhile,
    StorageFailure where the target cannot take it. What fails leaves no `target`.
    """
    try:
        with source.open("rb") as reader:
            before = os.fstat(reader.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise _not_regular(source)
            hasher = blake3()
            with storage_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    with target.open("wb", buffering=0) as writer:
                        while chunk := reader.read(_CHUNK):
                            hasher.update(chunk)
                            write_all(writer.fileno(), chunk)
                        os.fsync(writer.fileno())
                    os.utime(target, ns=(before.st_mtime_ns, before.st_mtime_ns))
                except BaseException:
                    target.unlink(missing_ok=True)
                    raise
            after = os.fstat(reader.fileno())
    except FileNotFoundError as error:
        raise NotFound("A file must exist to be stored", got=f"no file {source}", fix="Check the path.") from error
    except IsADirectoryError as error:
        raise _not_regular(source) from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        target.unlink(missing_ok=True)
        raise Conflict(
            "A file must stay as it is while it is stored", got=f"{source.name}, which changed", fix="Try again."
        )
    return FileEntry(path, after.st_size, moment(after.st_mtime_ns), f"blake3:{hasher.hexdigest()}")


def digest(path: Path) -> str:
    """`blake3:` and the hex digest of the file at `path`."""
    hasher = blake3()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    return f"blake3:{hasher.hexdigest()}"


def write_all(handle: int, data: bytes) -> None:
    """Writes all of `data`, however little the system takes at once."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def moment(nanoseconds: int) -> str:
    """A file's modification time as ISO 8601 in UTC, to the microsecond."""
    whole, rest = divmod(nanoseconds, 10**9)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=rest // 1000).isoformat(timespec="microseconds")


def _not_regular(source: Path) -> InvalidInput:
    return InvalidInput(
        "Only regular files can be stored", got=f"{source.name}, which is a folder or a device", fix="Leave it out."
    )
