"""Runs: found, compared, looked into, changed."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from starlette.responses import FileResponse

from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import safe_join
from tidebook.server.access import Seen
from tidebook.server.replies import Cursor, Limit, errors, reply
from tidebook.server.runs.change import change, change_many, delete
from tidebook.server.runs.detail import detail
from tidebook.server.runs.find import began, current, find
from tidebook.server.runs.resources import resources
from tidebook.server.runs.search import search_lines
from tidebook.server.schemas.run import (
    Axis,
    CurvesRequest,
    LoggedMetrics,
    MetricCurve,
    ResourceUses,
    RunBulk,
    RunBulkResult,
    RunChanges,
    RunCurves,
    RunDetail,
    RunItem,
    RunLog,
    RunPage,
)
from tidebook.server.services import Parts
from tidebook.tasks.tail import log_chunk

MAX_CURVES = 4_000  #: of one request

router = APIRouter(prefix="/api/runs", tags=["runs"])

Where = Annotated[
    str,
    Query(
        max_length=10_000,
        description="A filter; archived runs are left out unless it names `archived`.",
        examples=['model_type = lstm and metrics.wape < 0.1 and tags.team = "east" and started > 7d'],
    ),
]
Sort = Annotated[
    str | None,
    Query(
        max_length=300, description="A field, such as metrics.wape; with - before it descending.", examples=["-created"]
    ),
]
After = Annotated[str | None, Query(max_length=4_000, description="The `next` of the page before.")]
From = Annotated[float | None, Query(alias="from", allow_inf_nan=False, description="Where it begins on the axis.")]
To = Annotated[float | None, Query(alias="to", allow_inf_nan=False, description="Where it ends on the axis.")]

_SHOWN = {
    ".png": "image/png",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".log": "text/plain; charset=utf-8",
}


@router.get("", response_model=RunPage, summary="Runs that match a filter", responses=errors(422))
def list_runs(
    access: Seen, parts: Parts, where: Where = "", sort: Sort = None, limit: Limit = 50, after: After = None
) -> Response:
    """A page of them, in any order; those without the value come last."""
    items, following = parts.runs.page(where, sort, limit, after, access)
    return reply({"items": items, "next": following})


@router.post("/bulk", response_model=RunBulkResult, summary="Change many runs", responses=errors(403, 404, 422))
def change_runs(body: RunBulk, access: Seen, parts: Parts) -> Response:
    """Tags, archives, pins, moves or deletes them; what cannot be done to one is told, and done to the others."""
    return reply(change_many(parts, access, body))


@router.post("/curves", response_model=RunCurves, summary="Curves of several runs", responses=errors(404, 422))
def get_run_curves(body: CurvesRequest, access: Seen, parts: Parts) -> Response:
    """Those of the named metrics that each run has logged."""
    if len(body.runs) * len(body.names) > MAX_CURVES:
        raise InvalidInput(
            f"Runs times names must be at most {MAX_CURVES:,}",
            got=f"{len(body.runs)} runs and {len(body.names)} names",
            fix="Ask in several requests.",
        )
    items: list[dict[str, Any]] = []
    for run_name in dict.fromkeys(body.runs):
        item, folder = find(parts, access, run_name)
        curves = parts.curves.curves(
            folder, list(dict.fromkeys(body.names)), axis=body.axis, points=body.points, origin=began(item)
        )
        items += [{"run_name": run_name, **each} for each in curves]
    return reply({"items": items})


@router.get("/{run_name}", response_model=RunDetail, summary="A run", responses=errors(404))
def get_run(run_name: str, access: Seen, parts: Parts) -> Response:
    """The run with its configuration, context, results, files and checkpoints."""
    return reply(detail(*find(parts, access, run_name)))


@router.patch("/{run_name}", response_model=RunItem, summary="Label a run", responses=errors(403, 404, 422))
def change_run(run_name: str, body: RunChanges, access: Seen, parts: Parts) -> Response:
    """Changes tags, notes, project, pin or archive mark."""
    return reply(change(parts, access, run_name, body))


@router.delete("/{run_name}", status_code=204, summary="Delete a run", responses=errors(403, 404, 409, 422))
def delete_run(
    run_name: str,
    access: Seen,
    parts: Parts,
    reason: Annotated[str, Query(max_length=500, description="Why; kept in the tombstone.")] = "deleted in the web",
) -> Response:
    """Removes its files. Versions that were published from it stay. Refused while a process writes it."""
    delete(parts, access, run_name, reason)
    return Response(status_code=204)


@router.get("/{run_name}/metrics", response_model=LoggedMetrics, summary="What it logged", responses=errors(404))
def list_run_metrics(run_name: str, access: Seen, parts: Parts) -> Response:
    """Each metric with its number of points, last, smallest and largest value."""
    _, folder = find(parts, access, run_name)
    return reply({"items": parts.curves.metrics(folder)})


@router.get("/{run_name}/curve", response_model=MetricCurve, summary="A metric as a curve", responses=errors(404, 422))
def get_run_curve(
    run_name: str,
    access: Seen,
    parts: Parts,
    name: Annotated[str, Query(min_length=1, max_length=600, description="Of the metric.")],
    phase: Annotated[
        str | None, Query(max_length=300, description="Else that of training, or name is phase/name.")
    ] = None,
    axis: Annotated[Axis, Query(description="What x is; time is in seconds since the run's start.")] = "step",
    start: From = None,
    end: To = None,
    points: Annotated[int, Query(ge=10, le=50_000, description="About how many at most.")] = 1000,
) -> Response:
    """The points between `from` and `to`. Where some are left out, the smallest and largest of every stretch stay."""
    item, folder = find(parts, access, run_name)
    return reply(
        parts.curves.curve(folder, name, phase, axis=axis, points=points, start=start, end=end, origin=began(item))
    )


@router.get("/{run_name}/resources", response_model=ResourceUses, summary="What it used", responses=errors(404))
def get_run_resources(run_name: str, access: Seen, parts: Parts) -> Response:
    """CPU and memory over time."""
    _, folder = find(parts, access, run_name)
    return reply({"items": resources(folder)})


@router.get("/{run_name}/log", response_model=RunLog, summary="Its log", responses=errors(404, 422))
def get_run_log(
    run_name: str,
    access: Seen,
    parts: Parts,
    after: Cursor = 0,
    limit: Annotated[int, Query(ge=1, le=10_000, description="How many lines at most.")] = 1000,
    search: Annotated[str | None, Query(min_length=1, max_length=500, description="Only lines that hold this.")] = None,
) -> Response:
    """Lines from a position on. A search of a long log ends early: go on from `cursor` until it is complete."""
    run = current(parts, access, run_name)
    path = run.folder / "logs" / "training.log"
    if search is None:
        return reply(log_chunk(path, after, limit, ended=not run.live).to_json("lines"))
    lines, cursor, at_end = search_lines(path, search, after, limit)
    return reply({"lines": lines, "cursor": cursor, "complete": at_end and not run.live})


@router.get(
    "/{run_name}/files/{path:path}",
    summary="A file of a run",
    responses={200: {"content": {"application/octet-stream": {}}}, **errors(404, 422)},
    response_class=Response,
)
def get_run_file(run_name: str, path: str, access: Seen, parts: Parts) -> Response:
    """The file's bytes. Figures, JSON and plain text are shown, everything else is downloaded."""
    _, folder = find(parts, access, run_name)
    file = safe_join(folder, path)
    if not file.is_file():
        raise NotFound("The file must exist", got=path[:200], fix="Choose one of those that the run lists.")
    media = _SHOWN.get(file.suffix)
    if media is not None:
        return FileResponse(file, media_type=media)
    return FileResponse(file, media_type="application/octet-stream", filename=file.name)
