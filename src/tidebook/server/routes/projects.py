"""Projects: what belongs together, and who sees it."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.requests import Request

from tidebook.catalog.users import check_user
from tidebook.records.labels import check_project
from tidebook.server.auth import user_of
from tidebook.server.replies import errors, reply
from tidebook.server.schemas.project import NewProject, Project, ProjectChange, ProjectList
from tidebook.server.services import Parts

router = APIRouter(prefix="/api/projects", tags=["projects"])


@router.get("", response_model=ProjectList, summary="Projects")
def list_projects(request: Request, parts: Parts) -> Response:
    """The projects that the user sees: public ones, their own, those they are a member of; administrators all."""
    return reply({"items": parts.projects.all(user_of(request))})


@router.post("", response_model=Project, status_code=201, summary="Add a project", responses=errors(403, 409, 422))
def create_project(body: NewProject, request: Request, parts: Parts) -> Response:
    """A project of the user who asks."""
    made = parts.projects.add(body.name, user_of(request), title=body.title, visibility=body.visibility)
    return reply(made, 201)


@router.patch("/{name}", response_model=Project, summary="Change a project", responses=errors(403, 404, 409, 422))
def change_project(name: str, body: ProjectChange, request: Request, parts: Parts) -> Response:
    """Its owner and administrators may. `default` stays public."""
    changed = parts.projects.change(check_project(name), user_of(request), title=body.title, visibility=body.visibility)
    return reply(changed)


@router.delete("/{name}", status_code=204, summary="Delete a project", responses=errors(403, 404, 409, 422))
def delete_project(name: str, request: Request, parts: Parts) -> Response:
    """Its owner and administrators may, when nothing is left in it."""
    parts.projects.remove(check_project(name), user_of(request))
    return Response(status_code=204)


@router.put(
    "/{name}/members/{user_id}",
    response_model=Project,
    summary="Add a member",
    responses=errors(403, 404, 409, 422),
)
def add_member(name: str, user_id: str, request: Request, parts: Parts) -> Response:
    """The member sees and changes all that is in the project. Its owner and administrators add members."""
    return reply(parts.projects.share(check_project(name), user_of(request), check_user(user_id)))


@router.delete(
    "/{name}/members/{user_id}", status_code=204, summary="End a membership", responses=errors(403, 404, 422)
)
def remove_member(name: str, user_id: str, request: Request, parts: Parts) -> Response:
    """Its owner and administrators may, and members their own."""
    parts.projects.unshare(check_project(name), user_of(request), check_user(user_id))
    return Response(status_code=204)
