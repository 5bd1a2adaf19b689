"""What takes the space."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tidebook.server.schemas.base import Answer

StorageKind = Literal["runs", "versions", "files", "forecasts", "datasets", "tasks", "archive", "cache", "database"]


class KindOfSpace(Answer):
    """How much one kind of things takes."""

    kind: StorageKind
    bytes: int
    count: int | None = Field(description="How many; null where they are not counted.")


class LargeThing(Answer):
    """One of the largest things."""

    kind: StorageKind
    id: str = Field(description="Name, address or id.", examples=["product/P001_all/lstm/v1"])
    bytes: int


class StorageUse(Answer):
    """What takes the space, as it was measured last."""

    total: int = Field(description="Bytes of the disk that the home is on.")
    free: int = Field(description="Bytes of it that are free.")
    kinds: list[KindOfSpace] = Field(description="Those who are no administrators are told of what they see.")
    largest: list[LargeThing] = Field(description="At most 20, the largest first.")
    measured_at: str | None = Field(description="ISO 8601; null until it was measured for the first time.")
