"""The archive."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tidebook.server.schemas.base import Answer

ArchivedKind = Literal["version", "forecast", "run"]


class ArchivedItem(Answer):
    """Something in the archive."""

    kind: ArchivedKind
    id: str = Field(examples=["product/P001_all/lstm/v1"])
    url: str = Field(description="Where it lies, without secrets.")
    bytes: int = Field(description="In the archive.")
    original_bytes: int
    archived_at: str = Field(description="ISO 8601.")
    by: str | None = Field(description="Id of the user; null for a cleanup that nobody asked for.")
    description: str | None


class ArchivedPage(Answer):
    """What the user sees of the archive, newest first."""

    items: list[ArchivedItem]
    next: str | None = Field(description="Give this as `after` for the next page; null at the end.")


class ArchiveRequest(BaseModel):
    """What is to be moved to the archive, or back."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"kind": "version", "id": "product/P001_all/lstm/v1"}]}
    )

    kind: ArchivedKind
    id: str = Field(min_length=1, max_length=600, description="Address, id or name.")
