"""Published versions."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from starlette.responses import FileResponse

from tidebook.core.errors import InvalidInput
from tidebook.core.scope import Address
from tidebook.server.access import Models, Seen
from tidebook.server.replies import OfProject, errors, reply
from tidebook.server.schemas.model import ModelDetail, ModelPage
from tidebook.server.services import Parts

router = APIRouter(prefix="/api/models", tags=["models"])

_SHOWN = {".png": "image/png", ".json": "application/json", ".log": "text/plain; charset=utf-8"}


@router.get("", response_model=ModelPage, summary="Versions, newest first", responses=errors(422))
def list_models(
    models: Models,
    page: Annotated[int, Query(ge=1, le=10**6, description="The page, from 1.")] = 1,
    page_size: Annotated[int, Query(ge=1, le=500, description="How many on a page.")] = 20,
    mode: Annotated[Literal["product", "store", "global"] | None, Query(description="Only of this mode.")] = None,
    model_type: Annotated[str | None, Query(max_length=100, description="Only of this algorithm.")] = None,
    scope: Annotated[str | None, Query(max_length=400, description="Only of this scope, such as P001_all.")] = None,
    search: Annotated[str | None, Query(max_length=200, description="A part of address or description.")] = None,
    project: OfProject = None,
) -> Response:
    """The published versions that the user sees and that match every filter."""
    return reply(
        models.list_models(
            page=page,
            page_size=page_size,
            mode=mode,
            model_type=model_type,
            scope=scope,
            search=search,
            project=project,
        )
    )


@router.get(
    "/{address:path}/files/{name:path}",
    summary="A file of a version",
    responses={200: {"content": {"application/octet-stream": {}}}, **errors(404, 422)},
    response_class=Response,
)
def get_model_file(address: str, name: str, models: Models) -> Response:
    """The file's bytes. Figures and JSON are shown, everything else is downloaded."""
    version = _version(address)
    path = models.open(version, name)
    media = _SHOWN.get(path.suffix)
    if media is not None:
        return FileResponse(path, media_type=media)
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


@router.get("/{address:path}", response_model=ModelDetail, summary="A version", responses=errors(404, 422))
def get_model(address: str, models: Models) -> Response:
    """The version with its files, metadata, configuration, evaluation and loss curve."""
    return reply(models.get(_version(address)))


@router.delete("/{address:path}", status_code=204, summary="Delete a version", responses=errors(403, 404, 409, 422))
def delete_model(
    address: str,
    models: Models,
    access: Seen,
    parts: Parts,
    reason: Annotated[str, Query(max_length=500, description="Why; kept in the tombstone.")] = "deleted in the web",
) -> Response:
    """Removes the version's files; its number is never used again.

    Its owner, members of its project and administrators may.
    """
    version = _version(address)
    item = models.item(version)
    access.check_change(item["project"], item["owner"])
    models.delete(version, reason)
    parts.sync.versions()
    return Response(status_code=204)


def _version(text: str) -> Address:
    address = Address.parse(text)
    if address.version is None:
        raise InvalidInput(
            "The address of a version must end in its number", got=text[:120], fix=f"Add one, such as {address}/v1."
        )
    return address
