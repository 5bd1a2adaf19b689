"""What is kept, what would go, and the daily cleanup."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from tidebook.catalog import moments
from tidebook.catalog.access import Access
from tidebook.core.errors import Forbidden
from tidebook.records.labels import check_project
from tidebook.retention.plan import Plan
from tidebook.server.access import Seen
from tidebook.server.auth import user_of
from tidebook.server.replies import OfProject, errors, reply
from tidebook.server.schemas.retention import (
    CleanupRequest,
    CleanupResult,
    PolicyForm,
    RetentionPlan,
    RetentionPolicies,
    RetentionPolicy,
    RetentionSchedule,
    RunningCleanup,
    ScheduleForm,
)
from tidebook.server.services import Parts, Services

router = APIRouter(prefix="/api/retention", tags=["retention"])

_MANAGERS = {"owner", "administrator"}


@router.get("/policies", response_model=RetentionPolicies, summary="Policies of projects")
def list_policies(request: Request, parts: Parts) -> Response:
    """Those of the projects that the user sees; where nobody set one, the defaults."""
    return reply({"items": [_policy(parts, project) for project in parts.projects.all(user_of(request))]})


@router.put(
    "/policies/{name}",
    response_model=RetentionPolicy,
    summary="Set the policy of a project",
    responses=errors(403, 404, 422),
)
def put_policy(name: str, body: PolicyForm, request: Request, parts: Parts) -> Response:
    """The owner of the project and administrators may."""
    project = _managed(parts, request, name)
    parts.keeper.policies.put(name, body.model_dump(), user_of(request).id)
    parts.keeper.forget()
    return reply(_policy(parts, project))


@router.delete(
    "/policies/{name}", status_code=204, summary="Back to the default policy", responses=errors(403, 404, 422)
)
def delete_policy(name: str, request: Request, parts: Parts) -> Response:
    """The owner of the project and administrators may."""
    _managed(parts, request, name)
    parts.keeper.policies.remove(name)
    parts.keeper.forget()
    return Response(status_code=204)


@router.get("/plan", response_model=RetentionPlan, summary="What a cleanup would do now", responses=errors(422))
def get_plan(
    access: Seen,
    parts: Parts,
    project: OfProject = None,
    kind: Annotated[Literal["version", "forecast", "run"] | None, Query(description="Only of this kind.")] = None,
    goes: Annotated[bool | None, Query(description="Only what goes, or only what stays.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many at most.")] = 200,
    after: Annotated[str | None, Query(pattern=r"^\d{1,9}$", description="The `next` of the page before.")] = None,
) -> Response:
    """Every forecast, version and run that the user sees, whether it goes, and why. Nothing is changed."""
    made = _seen(parts.keeper.recent(), access).of(project)
    items = [item for item in made.items if kind in {None, item.kind} and goes in {None, item.goes}]
    start = int(after or 0)
    return reply(
        {
            "made_at": moments.text(made.made),
            "digest": made.digest,
            "summary": made.summary(),
            "items": [item.to_json() for item in items[start : start + limit]],
            "next": str(start + limit) if start + limit < len(items) else None,
        }
    )


@router.post("/run", response_model=CleanupResult, summary="Clean up now", responses=errors(403, 404, 409, 422))
def run_cleanup(body: CleanupRequest, request: Request, access: Seen, parts: Parts) -> Response:
    """Carries the plan out. Administrators may."""
    _check_administrator(access)
    if body.project is not None:
        parts.projects.get(body.project, user_of(request))
    outcome = parts.keeper.run(project=body.project, digest=body.digest, by=access.user_id)
    parts.archived.sync()
    return reply(outcome.to_json())


@router.get("/run", response_model=RunningCleanup, summary="The cleanup that runs")
def get_cleanup(access: Seen, parts: Parts) -> Response:
    """How far it is, the daily one too. Others than administrators see none."""
    now = parts.keeper.under_way.now if access.administrator else None
    if now is None:
        return reply({"running": None})
    began = moments.text(now.began)
    return reply({"running": {"began_at": began, "done": now.done, "of": now.of, "stopping": now.stopping}})


@router.delete("/run", status_code=204, summary="Stop the cleanup", responses=errors(403, 409))
def stop_cleanup(access: Seen, parts: Parts) -> Response:
    """It ends before the next thing; what is gone is gone. Administrators may."""
    _check_administrator(access)
    parts.keeper.under_way.stop()
    return Response(status_code=204)


@router.get("/schedule", response_model=RetentionSchedule, summary="The daily cleanup")
def get_schedule(parts: Parts) -> Response:
    """Whether the server cleans up by itself, when, and what came of it last."""
    schedule = parts.keeper.policies.schedule()
    return reply({"on": schedule.on, "hour": schedule.hour, "last": schedule.last})


@router.put("/schedule", response_model=RetentionSchedule, summary="Turn it on or off", responses=errors(403, 422))
def put_schedule(body: ScheduleForm, access: Seen, parts: Parts) -> Response:
    """Administrators may."""
    _check_administrator(access)
    schedule = parts.keeper.set_schedule(on=body.on, hour=body.hour)
    return reply({"on": schedule.on, "hour": schedule.hour, "last": schedule.last})


def _seen(plan: Plan, access: Access) -> Plan:
    if access.administrator:
        return plan
    return plan.only(lambda item: access.sees(item.project, item.owner))


def _policy(parts: Services, project: dict[str, Any]) -> dict[str, Any]:
    policy, stored = parts.keeper.policy(project["name"])
    may_change = project["role"] in _MANAGERS
    return {"project": project["name"], **policy.to_json(), "stored": stored, "may_change": may_change}


def _managed(parts: Services, request: Request, name: str) -> dict[str, Any]:
    """The project, if the user may manage it; NotFound where they do not see it, else Forbidden."""
    project = parts.projects.get(check_project(name), user_of(request))
    if project["role"] not in _MANAGERS:
        raise Forbidden(
            "Only the owner of a project and administrators may set what it keeps",
            got=f"{user_of(request).id}, a {project['role']} of {name}",
            fix="Ask the owner.",
        )
    return project


def _check_administrator(access: Access) -> None:
    if not access.administrator:
        raise Forbidden("Only administrators may clean up", got=access.user_id, fix="Ask one.")
