"""Files on their way out: from any byte on, in large pieces, the next one read while one is sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tidebook.abc import FileEntry
from tidebook.core.errors import InvalidInput

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def etag(entry: FileEntry) -> str:
    """Changes whenever the content does."""
    return f'"{entry.digest or f"{entry.size}-{entry.mtime}"}"'


def ranged(request: Request, entry: FileEntry, read: Callable[[int], Iterator[bytes]]) -> Response:
    """The file, or the one range of it that is asked for while it still is what `If-Range` names."""
    headers = {"ETag": etag(entry), "Accept-Ranges": "bytes", "Content-Disposition": "attachment"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    asked = request.headers.get("range")
    if asked is not None and request.headers.get("if-range", headers["ETag"]) == headers["ETag"]:
        start, end = _range(asked, entry.size)
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{entry.size}"
        status = 206
    else:
        start, end, status = 0, entry.size, 200
    headers["Content-Length"] = str(end - start)
    return StreamingResponse(
        ahead(_cut(read, start, end)), status, headers=headers, media_type="application/octet-stream"
    )


async def ahead(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, each read in a thread while the one before it is sent."""
    coming = asyncio.create_task(run_sync(next, pieces, None))
    try:
        while (piece := await coming) is not None:
            coming = asyncio.create_task(run_sync(next, pieces, None))
            yield piece
    finally:
        with suppress(Exception):
            await coming  # An iterator cannot be closed while a thread is in it.
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def _cut(read: Callable[[int], Iterator[bytes]], start: int, end: int) -> Iterator[bytes]:
    left = end - start
    if not left:
        return
    for piece in read(start):
        yield piece if len(piece) <= left else piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def _range(asked: str, size: int) -> tuple[int, int]:
    match = _RANGE.fullmatch(asked.strip())
    first, last = match.groups() if match else ("", "")
    if first:
        start, end = int(first), min(int(last) + 1, size) if last else size
    elif last:
        start, end = max(0, size - int(last)), size
    else:
        start, end = size, 0
    if start >= end:
        error = InvalidInput(
            f"A range must lie within the {size:,} bytes of the file",
            got=repr(asked[:60]),
            fix="Ask for one range, such as bytes=0-.",
        )
        error.status = 416
        raise error
    return start, end
