"""Users."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tidebook.server.schemas.base import Answer

Role = Literal["administrator", "member"]


class User(Answer):
    """A person."""

    id: str = Field(description="The user's id, 1 to 32 of a-z, 0-9, - and _.", examples=["admin"])
    name: str = Field(description="The name to show.", examples=["Administrator"])
    role: Role = Field(description="administrator: sees and may do everything. member: see GET /api/projects.")


class ListedUser(User):
    """A person in the list of all."""

    created_at: str = Field(description="When they were added, ISO 8601.")
    disabled: bool = Field(description="Whether they may not come in for the time being.")
    removed: bool = Field(description="Whether they are gone; listed for the name beside what they own.")


class UserList(Answer):
    """Everybody there is or was."""

    items: list[ListedUser] = Field(description="In the order of their ids.")


class UserWithLogin(ListedUser):
    """A user with a link to come in by."""

    login_url: str = Field(
        description="Opens one browser, once, within a day. Shown this once; earlier links of the user are void.",
        examples=["http://127.0.0.1:8765/login?token=…"],
    )


class NewUser(BaseModel):
    """The request to add a user."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"id": "anna", "name": "Anna K."}]})

    id: str = Field(pattern=r"^[a-z0-9_-]{1,32}$", description="1 to 32 of a-z, 0-9, - and _; never given twice.")
    name: str = Field("", max_length=200, description="The name to show; default: the id.")
    role: Role = Field("member", description="What the user may do.")


class UserChange(BaseModel):
    """What is to change of a user; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"disabled": True}]})

    name: str | None = Field(None, min_length=1, max_length=200, description="The name to show.")
    role: Role | None = Field(None, description="What the user may do.")
    disabled: bool | None = Field(None, description="true ends all sessions and tokens at once.")
