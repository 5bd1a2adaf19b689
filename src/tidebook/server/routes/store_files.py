"""The files of trees in the store over HTTP: listed, read, sent, removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from tidebook.abc import FileEntry
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.registry.item import ARCHIVED, address_of
from tidebook.server.access import Seen
from tidebook.server.replies import errors, reply
from tidebook.server.routes.ingest import BYTES
from tidebook.server.schemas import store as forms
from tidebook.server.services import Parts, Services
from tidebook.server.storing.body import Body
from tidebook.server.storing.rights import Rights
from tidebook.server.storing.sending import ahead, ranged
from tidebook.store import bundles

router = APIRouter(prefix="/api/store", tags=["store"])

Path = Annotated[str, Query(min_length=1, max_length=forms.MAX_PATH, description="The file's path in the tree.")]
ClaimedBy = Annotated[
    str, Query(max_length=200, description="The `owner` of one's claim, for a version that is not complete yet.")
]
BINARY: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


def file_of(
    path: Path,
    size: Annotated[int, Query(ge=0, le=2**53, description="Its bytes.")],
    mtime: Annotated[str, Query(max_length=40, description="When it was last changed, ISO 8601.")],
    digest: Annotated[str, Query(pattern=forms.DIGEST, description="blake3: and the digest of its content.")],
) -> FileEntry:
    """The file that a query names."""
    return FileEntry(path, size, mtime, digest)


File = Annotated[FileEntry, Depends(file_of)]


@router.get(
    "/entries/{prefix:path}", response_model=forms.Entries, summary="The files of a tree", responses=errors(404)
)
def list_entries(prefix: str, parts: Parts, access: Seen, claim: ClaimedBy = "") -> Response:
    """As they are now."""
    found = _entries(parts, access, prefix, claim)
    return reply({"entries": [asdict(entry) for entry in found.values()]})


@router.get(
    "/content/{prefix:path}",
    summary="A file of a tree",
    responses={**BINARY, **errors(404, 422)},
    response_class=Response,
)
def get_content(
    prefix: str, path: Path, request: Request, parts: Parts, access: Seen, claim: ClaimedBy = ""
) -> Response:
    """Its bytes, or one range of them."""
    entry = _entries(parts, access, prefix, claim).get(path)
    if entry is None:
        raise NotFound("The file must be one of the tree's", got=path[:200], fix="List the files there are.")
    _check_here(parts, prefix, path)
    tree = parts.models.store.tree(prefix)
    return ranged(request, entry, lambda start: tree.read(path, start))


@router.post(
    "/uploads/{prefix:path}",
    response_model=forms.Held,
    summary="What is here of a file",
    responses=errors(403, 404, 409, 413, 422),
)
def ask_upload(prefix: str, file: File, parts: Parts, access: Seen, claim: ClaimedBy = "") -> Response:
    """How many bytes of a file that was cut are here; all of them: it is in its place."""
    Rights(parts.models.store, access).check_fill(prefix, claim)
    return reply({"held": parts.arrivals.held(prefix, file)})


@router.put(
    "/content/{prefix:path}",
    response_model=forms.StoredFile,
    summary="Send a file",
    responses=errors(403, 404, 409, 413, 422),
    openapi_extra=BYTES,
)
async def put_content(
    prefix: str,
    file: File,
    request: Request,
    parts: Parts,
    access: Seen,
    offset: Annotated[int, Query(ge=0, le=2**53, description="From which byte on it is sent.")] = 0,
    claim: ClaimedBy = "",
) -> Response:
    """Puts a file into its place once all of it is there and has the digest.

    409 where the body must begin elsewhere (`details.held`), or has another digest (`details.again`).
    """
    await run_in_threadpool(Rights(parts.models.store, access).check_fill, prefix, claim)
    stated = request.headers.get("content-length", "")
    if not stated.isdigit() or int(stated) != file.size - offset:
        raise InvalidInput(
            "A body must have as many bytes as were announced",
            got=f"{stated or 'no Content-Length'} for {file.size - offset:,}",
            fix="Send the bytes from the offset to the end.",
        )

    def take(pieces: Iterator[bytes]) -> FileEntry:
        return parts.arrivals.take(prefix, file, pieces, offset)

    return reply(asdict(await Body(request).given_to(take)))


@router.post(
    "/restorations/{prefix:path}", status_code=204, summary="Bring a version back", responses=errors(404, 409, 422)
)
def restore_tree(prefix: str, parts: Parts, access: Seen) -> Response:
    """Restores the files of a version that is in the archive, as opening it does."""
    Rights(parts.models.store, access).check_read(prefix)
    parts.models.path(prefix)
    return Response(status_code=204)


@router.post(
    "/contents/{prefix:path}",
    summary="Many small files of a tree",
    responses={**BINARY, **errors(404, 422)},
    response_class=Response,
)
def get_bundle(prefix: str, body: forms.Paths, parts: Parts, access: Seen, claim: ClaimedBy = "") -> Response:
    """For each its length as four bytes, a header of that length as JSON, and the content; last four zeros.

    What is larger than a MiB, or gone, is left out.
    """
    found = _entries(parts, access, prefix, claim)
    tree = parts.models.store.tree(prefix)
    wanted = [found[path] for path in body.paths if path in found and found[path].size <= bundles.SMALL]

    def files() -> Iterator[tuple[FileEntry, bytes]]:
        for entry in wanted:
            with suppress(NotFound):  # It is in the archive, or was removed meanwhile.
                content = b"".join(tree.read(entry.path))
                if len(content) <= bundles.SMALL:
                    yield entry, content

    return StreamingResponse(ahead(_joined(bundles.packed(files()))), media_type="application/octet-stream")


@router.put(
    "/bundles/{prefix:path}",
    response_model=forms.Taken,
    summary="Send many small files",
    responses=errors(403, 404, 409, 413, 422),
    openapi_extra=BYTES,
)
async def put_bundle(prefix: str, request: Request, parts: Parts, access: Seen, claim: ClaimedBy = "") -> Response:
    """Files of at most a MiB, each after its header as in the answer of POST, with its digest."""
    await run_in_threadpool(Rights(parts.models.store, access).check_fill, prefix, claim)
    taken, failed = await Body(request).given_to(lambda pieces: parts.arrivals.take_bundle(prefix, pieces))
    return reply(
        {
            "taken": [asdict(entry) for entry in taken],
            "failed": [{"path": path, "problem": error.problem()} for path, error in failed],
        }
    )


@router.post("/kept/{prefix:path}", status_code=204, summary="End a transfer", responses=errors(403, 404, 409))
def keep_digests(prefix: str, parts: Parts, access: Seen) -> Response:
    """Writes down the digests of what was sent into a file model, so that it need not be read to be compared."""
    Rights(parts.models.store, access).check_fill(prefix)
    parts.arrivals.keep(prefix)
    return Response(status_code=204)


@router.post(
    "/shares/{prefix:path}",
    response_model=forms.Shared,
    summary="Make a file of content that is here",
    responses=errors(403, 404, 409, 422),
)
def share_content(prefix: str, body: forms.Share, parts: Parts, access: Seen, claim: ClaimedBy = "") -> Response:
    """Where the user sees that content and the store can share it, so that nothing is sent and no space is taken."""
    Rights(parts.models.store, access).check_fill(prefix, claim)
    return reply({"shared": parts.arrivals.share(prefix, FileEntry(**body.file.model_dump()), body.held, access)})


@router.post(
    "/removals/{prefix:path}",
    response_model=forms.Removed,
    summary="Remove files of a file model",
    responses=errors(403, 404, 409, 422),
)
def remove_files(prefix: str, body: forms.Paths, parts: Parts, access: Seen) -> Response:
    """Those that were there are gone then."""
    rights = Rights(parts.models.store, access)
    rights.check_change(prefix)
    rights.check_fill(prefix)
    return reply({"removed": parts.models.store.tree(prefix).remove(body.paths)})


def _entries(parts: Parts, access: Seen, prefix: str, claim: str) -> dict[str, FileEntry]:
    Rights(parts.models.store, access).check_read(prefix, claim)
    return parts.arrivals.entries(prefix) if claim else parts.arrivals.files(prefix)


def _check_here(parts: Services, prefix: str, path: str) -> None:
    """NotFound for a file that is in the archive."""
    record = parts.models.store.record(prefix, ARCHIVED) if address_of(prefix) is not None else None
    if record is not None and path in record.get("files", ()):
        raise NotFound(
            "A file must have been brought back from the archive to be read",
            got=f"{path[:200]} in {prefix}",
            fix="Restore the version first; opening it with ModelManager does that.",
        )


def _joined(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces in larger ones."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= bundles.SMALL:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)
