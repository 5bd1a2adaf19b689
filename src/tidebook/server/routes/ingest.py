"""Runs that are written on other machines: told of, appended to, completed."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from tidebook.core.errors import InvalidInput, TooLarge
from tidebook.sdk.spool import MAX_APPEND_BYTES
from tidebook.server.access import Seen
from tidebook.server.receiving.incoming import Incoming, too_large
from tidebook.server.replies import errors, reply
from tidebook.server.schemas.ingest import Appended, NewRun, Registered
from tidebook.server.services import Parts

router = APIRouter(prefix="/api/ingest/runs", tags=["ingest"])

BUFFER_BYTES = 1024 * 1024

BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("", response_model=Registered, summary="Tell of a run", responses=errors(404, 422))
def register_run(
    body: NewRun,
    parts: Parts,
    access: Seen,
    known: Annotated[
        bool, Query(description="Whether it was here before: one that was deleted here stays so.")
    ] = False,
) -> Response:
    """Gives the run a folder, once for its id, and says what the server has of it. Its owner is who sends it."""
    return reply(
        parts.receiver.register(
            body.id,
            body.run_name,
            body.metadata,
            body.labels,
            nonce=body.nonce,
            heartbeat_age=body.heartbeat_age,
            known=known,
            access=access,
        )
    )


@router.post(
    "/{run_name}/append",
    response_model=Appended,
    summary="Add to a log",
    responses=errors(404, 409, 413, 422),
    openapi_extra=BYTES,
)
async def append_to_run(
    run_name: str,
    request: Request,
    parts: Parts,
    access: Seen,
    path: Annotated[str, Query(max_length=100, description="logs/metrics.json, logs/resources.json or training.log.")],
    offset: Annotated[int, Query(ge=0, le=2**53, description="The length that the log must have.")],
    before: Annotated[
        str, Query(pattern="^([0-9a-f]{64})?$", description="BLAKE3 digest of the 4096 bytes before the offset.")
    ] = "",
    anew: Annotated[bool, Query(description="Begin the log again; what it held is kept under another name.")] = False,
) -> Response:
    """Adds bytes to a log, exactly at its own length; else 409, and `details.length` says where it is.

    A JSON array takes whole lines, the file's own bytes without the closing bracket; it is valid after each time.
    """
    data = await _body(request)
    length = await run_in_threadpool(
        parts.receiver.append, run_name, path, data, offset=offset, before=before, anew=anew, access=access
    )
    return reply({"length": length})


@router.put(
    "/{run_name}/files/{path:path}",
    status_code=204,
    summary="Send a file",
    responses=errors(404, 409, 413, 422),
    openapi_extra=BYTES,
)
async def put_run_file(
    run_name: str,
    path: str,
    request: Request,
    parts: Parts,
    access: Seen,
    digest: Annotated[str, Query(pattern="^[0-9a-f]{64}$", description="Its BLAKE3 digest.")],
) -> Response:
    """Replaces a file of the run, once all of it is there and has the digest; else 409, and nothing changes."""
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > parts.settings.max_upload_bytes:
        raise too_large(parts.settings.max_upload_bytes)
    incoming = await run_in_threadpool(parts.receiver.incoming, run_name, path, access)
    with incoming:
        await _fill(incoming, request)
        await run_in_threadpool(parts.receiver.take, run_name, path, incoming, digest, access)
    return Response(status_code=204)


@router.post("/{run_name}/heartbeat", status_code=204, summary="Say that the writer lives", responses=errors(404, 422))
def beat_for_run(run_name: str, parts: Parts, access: Seen) -> Response:
    """A run whose writer is silent for 45 seconds is shown as lost."""
    parts.receiver.beat(run_name, access)
    return Response(status_code=204)


async def _body(request: Request) -> bytes:
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > MAX_APPEND_BYTES:
        raise _too_much(f"{int(stated):,} bytes")
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > MAX_APPEND_BYTES:
                raise _too_much("more than that")
    except ClientDisconnect as error:
        raise _cut_off() from error
    return bytes(data)


async def _fill(incoming: Incoming, request: Request) -> None:
    buffered = bytearray()
    try:
        async for chunk in request.stream():
            buffered += chunk
            if len(buffered) >= BUFFER_BYTES:
                await asyncio.to_thread(incoming.write, bytes(buffered))
                buffered.clear()
    except ClientDisconnect as error:
        raise _cut_off() from error
    await asyncio.to_thread(incoming.write, bytes(buffered))


def _too_much(got: str) -> TooLarge:
    return TooLarge(
        f"At most {MAX_APPEND_BYTES:,} bytes must be added to a log at once", got=got, fix="Send it in several parts."
    )


def _cut_off() -> InvalidInput:
    return InvalidInput("A body must arrive whole", got="a connection that was cut", fix="Send it again.")
