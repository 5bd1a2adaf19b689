"""What takes the space."""

from __future__ import annotations

from fastapi import APIRouter, Response

from tidebook.health.space import shown
from tidebook.server.access import Seen
from tidebook.server.replies import reply
from tidebook.server.schemas.storage import StorageUse
from tidebook.server.services import Parts

router = APIRouter(prefix="/api/storage", tags=["storage"])


@router.get("", response_model=StorageUse, summary="What takes the space")
def get_storage(access: Seen, parts: Parts) -> Response:
    """As it was measured last, a while ago at most. Administrators are told of all, others of what they see."""
    total, free = parts.space.disk()
    seen = None if access.administrator else parts.projects.things(access)
    return reply({"total": total, "free": free, **shown(parts.space.measured(), seen)})
