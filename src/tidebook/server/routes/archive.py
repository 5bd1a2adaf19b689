"""The archive: what is in it, into it, and back."""

from __future__ import annotations

from fastapi import APIRouter, Response

from tidebook.catalog.access import Access
from tidebook.core.errors import NotFound
from tidebook.core.files import check_segment
from tidebook.core.scope import Address
from tidebook.records.belonging import Belonging, belonging
from tidebook.retention import moving
from tidebook.retention.runs import archived_run
from tidebook.server.access import Models, Seen, forecast_owner
from tidebook.server.replies import After, Limit, OfProject, errors, reply
from tidebook.server.schemas.archive import ArchivedPage, ArchiveRequest
from tidebook.server.services import Parts, Services

router = APIRouter(prefix="/api/archive", tags=["archive"])


@router.get("", response_model=ArchivedPage, summary="What is in the archive", responses=errors(422))
def list_archive(
    access: Seen, parts: Parts, project: OfProject = None, limit: Limit = 50, after: After = None
) -> Response:
    """Forecasts, versions and runs that the user sees, those archived last first."""
    items, following = parts.archived.page(limit, after, access, project)
    return reply({"items": items, "next": following})


@router.post("", status_code=204, summary="Move to the archive", responses=errors(403, 404, 409, 422))
def add_to_archive(body: ArchiveRequest, access: Seen, models: Models, parts: Parts) -> Response:
    """Its owner, members of its project and administrators may. Nothing goes before it was read back whole."""
    _check(parts, access, models, body)
    moving.archive(parts.settings, body.kind, body.id, by=access.user_id)
    _changed(parts, body)
    return Response(status_code=204)


@router.post("/restore", status_code=204, summary="Bring back", responses=errors(403, 404, 409, 422))
def restore_from_archive(body: ArchiveRequest, access: Seen, models: Models, parts: Parts) -> Response:
    """Its owner, members of its project and administrators may. It stays archived unless it comes back whole."""
    _check(parts, access, models, body)
    moving.restore(parts.settings, body.kind, body.id)
    _changed(parts, body)
    return Response(status_code=204)


def _check(parts: Services, access: Access, models: Models, body: ArchiveRequest) -> None:
    """NotFound where the user does not see the thing, Forbidden where they may not change it."""
    match body.kind:
        case "version":
            item = models.item(Address.parse(body.id))
            whose = Belonging(item["project"], item["owner"])
        case "forecast":
            whose = forecast_owner(parts, access, body.id)
        case "run":
            whose = _whose_run(parts, access, check_segment(body.id, "A run's name"))
    access.check_change(whose.project, whose.owner)


def _whose_run(parts: Services, access: Access, name: str) -> Belonging:
    record = archived_run(parts.settings.out / name)
    if record is None:
        return belonging(parts.runs.get(name, access))
    whose = belonging(record.get("summary") or {})
    if not access.sees(whose.project, whose.owner):
        raise NotFound("The run must exist", got=name, fix="List the runs there are.")
    return whose


def _changed(parts: Services, body: ArchiveRequest) -> None:
    match body.kind:
        case "version":
            parts.sync.refresh_versions([body.id])
        case "forecast":
            parts.predictions.refresh(body.id)
        case "run":
            parts.sync.runs.refresh([body.id])
    parts.archived.sync()
    parts.keeper.forget()
