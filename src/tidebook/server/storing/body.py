"""A request's body as the one file of a tree, read by a thread while it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request

from tidebook.abc import FileEntry
from tidebook.core.errors import Conflict, InvalidInput

PIECE = 1 << 20  #: bytes that go to the thread at once
WAITING = 4  #: pieces that may wait for it
SILENCE = 60.0  #: seconds without a byte after which a body is given up
UPLOADS = 16  #: bodies that are written at once; others wait

_T = TypeVar("_T")
_limiter = anyio.CapacityLimiter(UPLOADS)


class Body:
    """The bytes of a body, which a thread iterates over while the event loop receives them."""

    def __init__(self, request: Request) -> None:
        self._stream = request.stream()
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(WAITING)
        self._pieces: SimpleQueue[list[bytes] | BaseException | None] = SimpleQueue()

    async def given_to(self, work: Callable[[Iterator[bytes]], _T]) -> _T:
        """What `work` returns, called in a thread with the pieces of the body."""
        receiving = asyncio.create_task(self._receive())
        try:
            return await run_sync(work, self._read(), limiter=_limiter)
        finally:
            receiving.cancel()

    def _read(self) -> Iterator[bytes]:
        while (pieces := self._pieces.get()) is not None:
            if isinstance(pieces, BaseException):
                raise pieces
            yield from pieces
            self._loop.call_soon_threadsafe(self._room.release)

    async def _receive(self) -> None:
        try:
            async for pieces in gathered(self._stream):
                await self._room.acquire()
                self._pieces.put(pieces)
        except BaseException as error:
            # Whatever it was, the thread must not wait for ever; to it the connection has ended.
            self._pieces.put(_cut_off())
            if not isinstance(error, ClientDisconnect | TimeoutError):
                raise
        else:
            self._pieces.put(None)


async def gathered(stream: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """The pieces of a stream, several at a time. TimeoutError where nothing comes for a while."""
    waiting: list[bytes] = []
    size = 0
    while True:
        async with asyncio.timeout(SILENCE):
            piece = await anext(stream, None)
        if piece is None:
            break
        waiting.append(piece)
        size += len(piece)
        if size >= PIECE:
            yield waiting
            waiting, size = [], 0
    if waiting:
        yield waiting


class Arriving:
    """The source whose one file is what arrives of `entry`, from byte `offset` on.

    Where its reader asks for another beginning, that is a Conflict whose `held` says which; so what is here already
    is told without a byte being sent.
    """

    def __init__(self, entry: FileEntry, pieces: Iterable[bytes], offset: int | None) -> None:
        self.whole = False  #: whether all bytes came that were announced
        self._entry, self._pieces, self._offset = entry, pieces, offset

    @property
    def url(self) -> str:
        """For people."""
        return "the request"

    def entries(self) -> dict[str, FileEntry]:
        """The one file."""
        return {self._entry.path: self._entry}

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """What arrives; InvalidInput where that is more or less than was announced."""
        if start != self._offset:
            raise Conflict(
                "What is sent of a file must begin where the server's part of it ends",
                got=f"byte {self._offset}",
                fix=f"Send it from byte {start} on.",
                held=start,
            )
        size = start
        for piece in self._pieces:
            size += len(piece)
            if size > self._entry.size:
                break
            yield piece
        if size != self._entry.size:
            raise InvalidInput(
                "A body must have as many bytes as were announced",
                got=f"{'more' if size > self._entry.size else 'fewer'} than {self._entry.size:,}",
                fix="Send it again with the size that the file has now.",
            )
        self.whole = True


def _cut_off() -> InvalidInput:
    return InvalidInput("A body must arrive whole", got="a connection that was cut", fix="Send it again.")
