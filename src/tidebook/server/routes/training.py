"""Trainings: asked for, watched, stopped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from tidebook.core.ids import check_id
from tidebook.server.access import Models, Seen
from tidebook.server.checks import check_training
from tidebook.server.replies import After, Cursor, Limit, OfProject, errors, reply
from tidebook.server.schemas.task import LogLines, MetricsEntries, Task, TaskPage, TaskState, TrainingCheck
from tidebook.server.services import Parts
from tidebook.specs import TrainSpec

router = APIRouter(prefix="/api/training", tags=["training"])


@router.post("", response_model=Task, status_code=202, summary="Start a training", responses=errors(403, 404, 409, 422))
def create_training(body: TrainSpec, access: Seen, models: Models, parts: Parts) -> Response:
    """Checks the request and puts it into the queue; it runs in a process of its own when a slot is free."""
    spec = check_training(body, parts, access, models)
    return reply(parts.tasks.create(spec, access), 202)


@router.post(
    "/check",
    response_model=TrainingCheck,
    summary="What a training would do",
    responses=errors(403, 404, 409, 422, 500),
)
async def check_training_request(body: TrainSpec, access: Seen, models: Models, parts: Parts) -> Response:
    """Reads the data and answers with series, days, parts and windows; nothing is trained or kept."""
    from starlette.concurrency import run_in_threadpool

    spec = await run_in_threadpool(check_training, body, parts, access, models)
    return reply(await parts.workers.call("check", spec.model_dump(mode="json"), timeout=120))


@router.get("", response_model=TaskPage, summary="Trainings, newest first", responses=errors(422))
def list_trainings(
    access: Seen,
    parts: Parts,
    state: Annotated[TaskState | None, Query(description="Only those in this state.")] = None,
    project: OfProject = None,
    limit: Limit = 50,
    after: After = None,
) -> Response:
    """Trainings with their progress."""
    items, following = parts.tasks.page(state, limit, after, access, project)
    return reply({"items": items, "next": following})


@router.get("/{task_id}", response_model=Task, summary="A training", responses=errors(404, 422))
def get_training(task_id: str, access: Seen, parts: Parts) -> Response:
    """State, progress and, at the end, the version and its metrics or the error."""
    return reply(parts.tasks.get(check_id(task_id, "TRAI"), access))


@router.get("/{task_id}/logs", response_model=LogLines, summary="Its log", responses=errors(404, 422))
def get_training_logs(
    task_id: str,
    access: Seen,
    parts: Parts,
    after: Cursor = 0,
    limit: Annotated[int, Query(ge=1, le=10_000, description="How many lines at most.")] = 1000,
) -> Response:
    """Lines of the log from a position on. The WebSocket topic training/{id}/logs has the same cursors."""
    return reply(parts.tasks.logs(check_id(task_id, "TRAI"), after, limit, access).to_json("lines"))


@router.get("/{task_id}/metrics", response_model=MetricsEntries, summary="Its metrics", responses=errors(404, 422))
def get_training_metrics(task_id: str, access: Seen, parts: Parts, after: Cursor = 0) -> Response:
    """Entries of the metrics log from a position on. The WebSocket topic training/{id}/metrics has the same cursors."""
    return reply(parts.tasks.metrics(check_id(task_id, "TRAI"), after, access).to_json("items"))


@router.post("/{task_id}/stop", response_model=Task, summary="Stop it", responses=errors(403, 404, 409, 422))
def stop_training(task_id: str, access: Seen, parts: Parts) -> Response:
    """A waiting training is aborted at once; a running one is asked to end, and aborted when its processes are gone."""
    return reply(parts.tasks.stop(check_id(task_id, "TRAI"), access))
