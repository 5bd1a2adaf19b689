"""The digest of content that is still on its way."""

from __future__ import annotations

from queue import SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import Self

from blake3 import blake3

AHEAD = 4  #: handfuls of pieces that wait to be digested
_AT_ONCE = 1 << 20  #: bytes up to which a thread costs more than it saves


class Digest:
    """The digest of what is given to it, made in a thread of its own where it is much."""

    def __init__(self) -> None:
        self._pieces, self._room = SimpleQueue[tuple[bytes, ...] | None](), BoundedSemaphore(AHEAD)
        self._hasher, self._size = blake3(), 0
        self._thread = Thread(target=self._work, name="tidebook-digest", daemon=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._size > _AT_ONCE:
            self._pieces.put(None)
            self._thread.join()

    def update(self, *pieces: bytes) -> None:
        """Adds `pieces`; waits where too many are waiting."""
        before, self._size = self._size, self._size + sum(map(len, pieces))
        if self._size <= _AT_ONCE:
            self._add(pieces)
            return
        if before <= _AT_ONCE:
            self._thread.start()
        self._room.acquire()
        self._pieces.put(pieces)

    def text(self) -> str:
        """`blake3:` and the hex digest, after the end."""
        return f"blake3:{self._hasher.hexdigest()}"

    def _work(self) -> None:
        while (pieces := self._pieces.get()) is not None:
            self._add(pieces)
            self._room.release()

    def _add(self, pieces: tuple[bytes, ...]) -> None:
        for piece in pieces:
            self._hasher.update(piece)
