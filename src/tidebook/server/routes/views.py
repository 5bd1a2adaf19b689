"""Saved views."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from tidebook.core.ids import check_id
from tidebook.server.access import Seen
from tidebook.server.replies import errors, reply
from tidebook.server.schemas.run import NewView, SavedView, SavedViews
from tidebook.server.services import Parts

router = APIRouter(prefix="/api/views", tags=["views"])


@router.get("", response_model=SavedViews, summary="The user's views")
def list_views(
    access: Seen,
    parts: Parts,
    page: Annotated[str | None, Query(max_length=20, description="Only those of this page.")] = None,
) -> Response:
    """By name; everybody has their own."""
    return reply({"items": parts.views.all(access.user_id, page)})


@router.post("", response_model=SavedView, status_code=201, summary="Save a view", responses=errors(409, 422))
def save_view(body: NewView, access: Seen, parts: Parts) -> Response:
    """Keeps what a page's URL says under a name; an older view of that name is replaced."""
    return reply(parts.views.save(access.user_id, body.page, body.name, body.query), 201)


@router.delete("/{view_id}", status_code=204, summary="Delete a view", responses=errors(404, 422))
def delete_view(view_id: str, access: Seen, parts: Parts) -> Response:
    """Removes one of the user's own."""
    parts.views.delete(access.user_id, check_id(view_id, "VIEW"))
    return Response(status_code=204)
