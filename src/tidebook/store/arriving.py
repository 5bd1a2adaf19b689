"""A file that arrives beside its place under a hidden name, and is then put there whole."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from itertools import count

from blake3 import blake3

ENDING = ".part"  #: of the hidden names of what has not arrived yet
RESUMABLE = 1 << 20  #: bytes from which on a part that was cut is kept to be gone on with
_numbers = count(time.time_ns() & 0xFFFFFFFF)


class Part:
    """What has come of a file so far."""

    def __init__(self, name: str, handle: int, size: int = 0) -> None:
        self.name, self.handle = name, handle
        self.size = size  #: bytes that an earlier one left
        self.placing: AbstractContextManager[None] = nullcontext()  #: in which it takes its place
        self.cut = False  #: whether its source broke off, so that what is here may be gone on with


@contextmanager
def arriving(target: str, *, keep: bool = False) -> Iterator[Part]:
    """The part of `target`, locked and open to be read and written; on leaving it takes its place.

    Empty, unless with `keep` an earlier one was cut. On an error it vanishes, unless it is worth to be gone on with.
    """
    part = _part(target)
    try:
        if part.size and not keep:
            os.ftruncate(part.handle, 0)
        yield part
        with part.placing:
            os.rename(part.name, target)  # noqa: PTH104 - as text: a Path costs as much as the call
    except BaseException:
        if not (part.cut and os.fstat(part.handle).st_size >= RESUMABLE):
            with suppress(OSError):
                os.unlink(part.name)  # noqa: PTH108
        raise
    finally:
        os.close(part.handle)


def hidden(target: str) -> str:
    """The beginning of the hidden names that belong to `target`, beside it."""
    folder, name = os.path.split(target)
    return f"{folder}/.{blake3(name.encode(errors='surrogateescape')).hexdigest(8)}"


def _part(target: str) -> Part:
    """The same part for the same target, so that a second call finds what a killed one left; else one of its own."""
    stem = hidden(target)
    path = stem + ENDING
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = os.fstat(handle)
            if os.path.samestat(found, os.lstat(path)):
                return Part(path, handle, found.st_size)
        except FileNotFoundError:
            pass  # Another process put it in its place between opening and locking.
        except OSError:
            # Another process is at it, or this file system has no locks.
            path = f"{stem}-{os.getpid()}-{next(_numbers):x}{ENDING}"
        os.close(handle)
        if path != stem + ENDING:
            return Part(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
