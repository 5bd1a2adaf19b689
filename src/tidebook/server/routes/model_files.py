"""Files of a version to look at, and all of them as a zip."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from tidebook.server.access import Models
from tidebook.server.replies import errors, reply
from tidebook.server.schemas.store import MAX_PATH, FilePreview
from tidebook.server.services import Parts
from tidebook.server.storing.preview import MAX_ROWS, preview
from tidebook.server.storing.sending import ahead
from tidebook.server.storing.zipping import zipped

router = APIRouter(prefix="/api", tags=["models"])

READ_TIMEOUT = 60.0  #: seconds for the first rows of a table


@router.get(
    "/model-preview/{address:path}",
    response_model=FilePreview,
    summary="What a file of a version holds",
    responses=errors(404, 422),
)
async def preview_model_file(
    address: str,
    models: Models,
    parts: Parts,
    path: Annotated[str, Query(min_length=1, max_length=MAX_PATH, description="The file's path.")],
) -> Response:
    """The beginning of a text, or the first rows of a table; an image is got as a file of the version."""
    file = await run_in_threadpool(models.open, address, path)
    found = await run_in_threadpool(preview, file, path)
    if found["kind"] == "table":
        found |= await parts.workers.call("head", {"path": str(file), "limit": MAX_ROWS}, timeout=READ_TIMEOUT)
    return reply(found)


@router.get(
    "/model-zip/{address:path}",
    summary="All files of a version",
    responses={200: {"content": {"application/zip": {}}}, **errors(404, 422)},
    response_class=Response,
)
def zip_model(address: str, models: Models) -> Response:
    """A zip, made while it is sent."""
    version = models.version(address)
    manifest = models.get(version)["files"]
    files = [(entry["path"], entry["size"], entry["mtime"]) for entry in manifest]
    for path, _, _ in files[:1]:
        models.open(version, path)  # What is in the archive comes back before the answer begins.
    name = quote(f"{version.identifier}_v{version.version}.zip".replace("/", "_"))
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{name}"}
    pieces = zipped(files, lambda path: models.open(version, path))
    return StreamingResponse(ahead(pieces), headers=headers, media_type="application/zip")
