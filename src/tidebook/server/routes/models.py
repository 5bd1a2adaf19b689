"""Published versions."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from starlette.responses import FileResponse

from tidebook.server.access import Models, Seen
from tidebook.server.replies import OfProject, errors, reply
from tidebook.server.schemas.model import ModelDetail, ModelPage, ModelVersion, VersionChanges
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
    aggregation: Annotated[str | None, Query(max_length=10, description="Only of this aggregation.")] = None,
    search: Annotated[
        str | None, Query(max_length=200, description="A part of address, description, run, alias, tag or notes.")
    ] = None,
    project: OfProject = None,
    metric: Annotated[
        str | None, Query(max_length=200, description="A bound that a metric keeps.", examples=["wape <= 0.1"])
    ] = None,
    alias: Annotated[str | None, Query(max_length=64, description="Only those that have this alias.")] = None,
    archived: Annotated[
        bool | None, Query(description="Only those whose files are in the archive, or are not.")
    ] = None,
) -> Response:
    """The published versions that the user sees and that match every filter."""
    return reply(
        models.list_models(
            page=page,
            page_size=page_size,
            mode=mode,
            model_type=model_type,
            scope=scope,
            aggregation=aggregation,
            search=search,
            project=project,
            metric=metric,
            alias=alias,
            archived=archived,
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
    path = models.open(address, name)
    media = _SHOWN.get(path.suffix)
    if media is not None:
        return FileResponse(path, media_type=media)
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


@router.get("/{address:path}", response_model=ModelDetail, summary="A version", responses=errors(404, 422))
def get_model(address: str, models: Models) -> Response:
    """The version with its files, metadata, configuration, evaluation and loss curve."""
    return reply(models.get(address))


@router.patch(
    "/{address:path}", response_model=ModelVersion, summary="Label a version", responses=errors(403, 404, 422)
)
def change_model(address: str, body: VersionChanges, models: Models, access: Seen, parts: Parts) -> Response:
    """Changes tags, notes, pin or project. Its owner, members of its project and administrators may.

    Who moves it must be allowed to put things into the other project.
    """
    version = models.version(address)
    item = models.item(version)
    access.check_change(item["project"], item["owner"])
    stated = {name: value for name, value in body.model_dump().items() if value is not None}
    if "project" in stated:
        access.check_write(stated["project"])
    changed = models.label(version, **stated)
    parts.sync.refresh_versions([str(version)])
    return reply(changed)


@router.delete("/{address:path}", status_code=204, summary="Delete a version", responses=errors(403, 404, 409, 422))
def delete_model(
    address: str,
    models: Models,
    access: Seen,
    parts: Parts,
    reason: Annotated[str, Query(max_length=500, description="Why; kept in the tombstone.")] = "",
    force: Annotated[bool, Query(description="Also where it is in use; a reason must be given.")] = False,
) -> Response:
    """Removes the version's files; its number is never used again.

    Its owner, members of its project and administrators may. What is the best of its line, has an alias, is pinned or
    has saved forecasts that refer to it is refused, and `details.reasons` says why, unless it is forced.
    """
    version = models.version(address)
    item = models.item(version)
    access.check_change(item["project"], item["owner"])
    models.delete(version, reason, force=force, by=access.user_id)
    parts.sync.refresh_versions([str(version)])
    return Response(status_code=204)
