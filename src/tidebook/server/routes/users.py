"""Users: who may come in."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.requests import Request

from tidebook.catalog.users import check_user
from tidebook.core.errors import Forbidden
from tidebook.server.access import Seen
from tidebook.server.links import login_url
from tidebook.server.replies import errors, reply
from tidebook.server.schemas.user import ListedUser, NewUser, UserChange, UserList, UserWithLogin
from tidebook.server.services import Parts

router = APIRouter(prefix="/api/users", tags=["users"])


@router.get("", response_model=UserList, summary="Everybody there is or was")
def list_users(parts: Parts) -> Response:
    """All users, those who are gone too: their names are shown beside what they own."""
    return reply({"items": parts.users.all()})


@router.post("", response_model=UserWithLogin, status_code=201, summary="Add a user", responses=errors(403, 409, 422))
def create_user(body: NewUser, request: Request, access: Seen, parts: Parts) -> Response:
    """Administrators only. The link in the answer logs the new user in, once."""
    _check_administrator(access.administrator)
    user = parts.users.add(body.id, body.name, body.role)
    return reply(_with_login(user.id, request, parts), 201)


@router.patch("/{user_id}", response_model=ListedUser, summary="Change a user", responses=errors(403, 404, 409, 422))
def change_user(user_id: str, body: UserChange, access: Seen, parts: Parts) -> Response:
    """Administrators change everybody; everybody their own name. The last administrator stays one."""
    only_name = body.role is None and body.disabled is None
    _check_administrator(access.administrator or (only_name and user_id == access.user_id))
    changed = parts.users.change(check_user(user_id), name=body.name, role=body.role, disabled=body.disabled)
    return reply(changed)


@router.delete("/{user_id}", status_code=204, summary="Remove a user", responses=errors(403, 404, 409, 422))
def delete_user(user_id: str, access: Seen, parts: Parts) -> Response:
    """Ends their sessions and tokens at once. What they own stays, under their name; the id is not given again."""
    _check_administrator(access.administrator)
    parts.users.remove(check_user(user_id))
    return Response(status_code=204)


@router.post(
    "/{user_id}/login",
    response_model=UserWithLogin,
    status_code=201,
    summary="Make a login link",
    responses=errors(403, 404, 409, 422),
)
def create_login(user_id: str, request: Request, access: Seen, parts: Parts) -> Response:
    """A new link for a user, or for another browser of one's own; earlier ones that nobody used are void."""
    _check_administrator(access.administrator or user_id == access.user_id)
    return reply(_with_login(check_user(user_id), request, parts), 201)


def _with_login(user_id: str, request: Request, parts: Parts) -> dict[str, object]:
    token = parts.credentials.create_login(user_id)
    return {**parts.users.get(user_id), "login_url": login_url(str(request.base_url), token)}


def _check_administrator(allowed: bool) -> None:
    if not allowed:
        raise Forbidden(
            "Only administrators may add, change and remove users", got="a member", fix="Ask an administrator."
        )
