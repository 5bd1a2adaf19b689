"""Who is logged in, tokens for programs, and whether the server answers."""

from __future__ import annotations

from fastapi import APIRouter, Response
from starlette.requests import Request

import tidebook
from tidebook.core.ids import check_id
from tidebook.server.auth import COOKIE, user_of
from tidebook.server.replies import errors, reply
from tidebook.server.schemas.base import Health
from tidebook.server.schemas.session import NewToken, Session, Tokens, TokenWithSecret
from tidebook.server.services import Parts

router = APIRouter(prefix="/api", tags=["session"])


@router.get("/health", response_model=Health, summary="Whether the server answers")
async def get_health() -> Response:
    """Open: needs no login."""
    return reply({"status": "ok", "version": tidebook.__version__})


@router.get("/session", response_model=Session, summary="Who is logged in, and what this server allows")
def get_session(request: Request, parts: Parts) -> Response:
    """The user, the projects they see, Tidebook's version, and the limits that the web UI needs to know."""
    settings, user = parts.settings, user_of(request)
    shown = ("name", "title", "visibility", "role")
    return reply(
        {
            "user": user.to_json(),
            "projects": [{name: project[name] for name in shown} for project in parts.projects.all(user)],
            "version": tidebook.__version__,
            "data_roots": [str(root) for root in settings.data_roots],
            "slots": settings.slots,
            "max_upload_bytes": settings.max_upload_bytes,
        }
    )


@router.delete("/session", status_code=204, summary="Log out")
def delete_session(request: Request, parts: Parts) -> Response:
    """Ends the session of this browser; other browsers and tokens stay."""
    cookie = request.cookies.get(COOKIE)
    if cookie:
        parts.credentials.end_session(cookie)
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer


@router.get("/tokens", response_model=Tokens, summary="Tokens for programs")
def list_tokens(request: Request, parts: Parts) -> Response:
    """All tokens of the user, without their secrets."""
    return reply({"items": parts.credentials.tokens(user_of(request))})


@router.post("/tokens", response_model=TokenWithSecret, status_code=201, summary="Make a token", responses=errors(422))
def create_token(request: Request, body: NewToken, parts: Parts) -> Response:
    """Makes a token for a program. Its secret is in this answer only: the server keeps a digest."""
    return reply(parts.credentials.create_token(user_of(request), body.name), 201)


@router.delete("/tokens/{token_id}", status_code=204, summary="Revoke a token", responses=errors(404, 422))
def delete_token(token_id: str, request: Request, parts: Parts) -> Response:
    """From now on the token opens nothing."""
    parts.credentials.delete_token(user_of(request), check_id(token_id, "TOKN"))
    return Response(status_code=204)
