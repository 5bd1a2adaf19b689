"""Whatever a process writes to its disk, watched: so that a test can refuse it or change things meanwhile."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence

import pytest


def watch(patch: pytest.MonkeyPatch, before: Callable[[int], object]) -> None:
    """Calls `before` with the number of bytes before each write; what it raises, the write raises."""
    write, writev, copy = os.write, os.writev, getattr(os, "copy_file_range", None)

    def writing(handle: int, data: bytes) -> int:
        before(len(data))
        return write(handle, data)

    def writing_many(handle: int, pieces: Sequence[bytes]) -> int:
        before(sum(map(len, pieces)))
        return writev(handle, pieces)

    def copying(reader: int, writer: int, count: int) -> int:
        before(min(count, os.fstat(reader).st_size))
        return copy(reader, writer, count) if copy else 0

    patch.setattr(os, "write", writing)
    patch.setattr(os, "writev", writing_many)
    if copy:
        patch.setattr(os, "copy_file_range", copying)


def full() -> OSError:
    """What the system says of a full disk."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
