"""What is told of many runs together. Below /api/runs a name is always that of a run, whatever people call theirs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from tidebook.runs.compare import compare
from tidebook.server.access import Seen
from tidebook.server.replies import errors, reply
from tidebook.server.routes.runs import Where
from tidebook.server.runs.find import find
from tidebook.server.schemas.run import Comparison, RunCount, RunFields
from tidebook.server.services import Parts

MAX_COMPARED = 200

router = APIRouter(prefix="/api", tags=["runs"])


@router.get("/run-count", response_model=RunCount, summary="How many runs match a filter", responses=errors(422))
def count_runs(access: Seen, parts: Parts, where: Where = "") -> Response:
    """Their number, without the runs themselves."""
    return reply({"count": parts.runs.count(where, access)})


@router.get("/run-fields", response_model=RunFields, summary="What can be filtered and sorted by")
def list_run_fields(access: Seen, parts: Parts) -> Response:
    """The names of params, metrics and tags, the algorithms and the projects of all runs that the user sees."""
    return reply(parts.runs.fields(access))


@router.get("/run-comparison", response_model=Comparison, summary="Runs side by side", responses=errors(404, 422))
def compare_runs(
    access: Seen,
    parts: Parts,
    run: Annotated[list[str], Query(min_length=1, max_length=MAX_COMPARED, description="The name of a run, repeated.")],
) -> Response:
    """What was set differently, what came out, and which run is best by each metric."""
    found = parts.runs.find(run, access)
    items = [found[name] if name in found else find(parts, access, name)[0] for name in dict.fromkeys(run)]
    return reply({"runs": items, **compare(items)})
