"""Reads an object in pieces, the next ones on their way while one is used."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from tidebook.core.errors import Conflict, NotFound
from tidebook.store.objects import answers
from tidebook.store.objects.bucket import Bucket

PIECE = 8 << 20  #: bytes of a request
AHEAD = 3  #: pieces of an object that are in memory or on their way
PATIENCE = 5  #: requests in a row that may break off without a byte
_BLOCK = 256 << 10


@dataclass(frozen=True)
class _Piece:
    data: bytes
    total: int  #: bytes of the whole object
    etag: str


def pieces(bucket: Bucket, key: str, start: int = 0) -> Iterator[bytes]:
    """The content of an object from byte `start` on.

    A request that breaks off is made again from where it stopped. NotFound without the object, Conflict where it is
    replaced meanwhile, StorageFailure where the store is away.
    """
    first = bucket.run(_read(bucket, key, start, PIECE))
    if first.data:
        yield first.data
    position = min(start, first.total) + len(first.data)
    waiting: deque[Future[_Piece]] = deque()
    try:
        asked = position
        while position < first.total:
            while asked < first.total and len(waiting) < AHEAD:
                waiting.append(bucket.start(_read(bucket, key, asked, min(PIECE, first.total - asked))))
                asked += PIECE
            with answers.answering(bucket.url):
                piece = waiting.popleft().result()
            if piece.etag != first.etag:
                raise Conflict(
                    "A file must stay as it is while it is read",
                    got=f"{key.rpartition('/')[2]}, which was replaced",
                    fix="Try again.",
                )
            position += len(piece.data)
            yield piece.data
    finally:
        for future in waiting:
            future.cancel()


async def _read(bucket: Bucket, key: str, start: int, length: int) -> _Piece:
    """`length` bytes of an object, or those there are up to its end."""
    data = bytearray()
    total, etag, failures = 0, "", 0
    while True:
        before = len(data)
        try:
            client = await bucket.client()
            answer = await client.get_object(**bucket.place(key), Range=f"bytes={start + before}-{start + length - 1}")
            tag = answer["ETag"].strip('"')
            if etag and tag != etag:
                return _Piece(bytes(data), total, "")  # No ETag is like this one: whoever compares will see.
            etag = tag
            total = (
                int(answer["ContentRange"].rpartition("/")[2]) if "ContentRange" in answer else answer["ContentLength"]
            )
            async with answer["Body"] as body:
                async for block in body.iter_chunks(_BLOCK):
                    data += block
            if start + len(data) >= min(start + length, total):
                return _Piece(bytes(data), total, etag)
        except Exception as error:
            if answers.code(error) in {"InvalidRange", "416"}:
                return _Piece(bytes(data), start + len(data), etag)  # It ends here.
            if answers.absent(error):
                raise NotFound("The file must exist", got=f"no object {key}", fix="It may have been deleted.") from None
            if not answers.broke_off(error) or failures >= PATIENCE:
                raise
            failures = 0 if len(data) > before else failures + 1
            await asyncio.sleep(0.1 * 2**failures)
