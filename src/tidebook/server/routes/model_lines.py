"""Lines of versions, and the aliases that people give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Response

from tidebook.catalog.access import Access
from tidebook.core.errors import Forbidden, NotFound
from tidebook.core.scope import Address
from tidebook.server.access import Models, Seen
from tidebook.server.replies import errors, reply
from tidebook.server.schemas.model import AliasTarget, ModelLine
from tidebook.server.services import Parts, Services

router = APIRouter(prefix="/api/model-lines", tags=["models"])

Why = Annotated[str, Query(max_length=500, description="Why; kept in the history.")]


@router.put(
    "/{line:path}/aliases/{alias}",
    response_model=ModelLine,
    summary="Give a version an alias",
    responses=errors(403, 404, 422),
)
def set_alias(line: str, alias: str, body: AliasTarget, models: Models, access: Seen, parts: Parts) -> Response:
    """Names one version of the line; the version that had the alias loses it. The last change wins."""
    version = Address.parse(f"{Address.parse(line).folder}/{body.version}")
    models.item(version)
    check = _checking(parts, access, alias)
    check(version)
    models.set_alias(version, alias, by=access.user_id, reason=body.reason, check=check)
    parts.sync.refresh_versions([version.folder])
    return reply(models.line(version))


@router.delete(
    "/{line:path}/aliases/{alias}",
    response_model=ModelLine,
    summary="Remove an alias",
    responses=errors(403, 404, 422),
)
def remove_alias(line: str, alias: str, models: Models, access: Seen, parts: Parts, reason: Why = "") -> Response:
    """Takes the alias off the version that has it; its history stays."""
    address = Address.parse(line)
    models.version(f"{address.folder}@{alias}")  # NotFound, unless the user sees it.
    check = _checking(parts, access, alias)
    models.remove_alias(address, alias, by=access.user_id, reason=reason, check=check)
    parts.sync.refresh_versions([address.folder])
    return reply(models.line(address))


@router.get("/{line:path}", response_model=ModelLine, summary="A line of versions", responses=errors(404, 422))
def get_line(line: str, models: Models) -> Response:
    """Its versions, the best and the latest of them, its aliases and their history."""
    found = models.line(Address.parse(line))
    if not found["total"]:
        raise NotFound("The line must have a version", got=line[:200], fix="Choose one from the list of versions.")
    return reply(found)


def _checking(parts: Services, access: Access, alias: str) -> Callable[[Address], None]:
    """What refuses where the user may not change a version that gets or loses the alias."""

    def check(version: Address) -> None:
        for item in parts.models.items([version]):
            if not access.sees(item["project"], item["owner"]):
                raise Forbidden(
                    "An alias can be taken only from a version that the user may change",
                    got=f"{alias}, which a version that is not seen has",
                    fix="Choose another alias, or ask an administrator.",
                )
            access.check_change(item["project"], item["owner"])

    return check
