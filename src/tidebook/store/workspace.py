"""A local folder in which one process at a time makes what will be stored."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidebook.core.errors import Conflict
from tidebook.core.files import storage_errors


@contextmanager
def workspace(below: Path, name: str) -> Iterator[Path]:
    """A folder below `below` that is removed in the end. Conflict where another process is in that of this name."""
    folder = below / hashlib.sha256(name.encode()).hexdigest()[:32]
    while True:
        try:
            with storage_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
                handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        except (FileExistsError, FileNotFoundError):
            if folder.is_file():
                raise
            continue  # Another process finished and removed it meanwhile.
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), folder.stat()):
                break
        except BlockingIOError as error:
            os.close(handle)
            raise Conflict(
                "One process at a time may store this", got=f"{name}, which another is storing", fix="Wait for it."
            ) from error
        except FileNotFoundError:
            pass  # Another process finished and removed it between opening and locking.
        os.close(handle)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)
