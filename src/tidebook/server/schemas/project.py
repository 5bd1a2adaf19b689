"""Projects."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tidebook.server.schemas.base import Answer

Visibility = Literal["private", "public"]
ProjectRole = Literal["owner", "administrator", "member", "viewer"]


class ProjectOfUser(Answer):
    """A project that the user sees."""

    name: str = Field(description="1 to 64 of a-z, 0-9, - and _.", examples=["north-stores"])
    title: str = Field(description="The title to show.", examples=["Stores in the north"])
    visibility: Visibility = Field(description="public: everybody sees what is in it. private: its members do.")
    role: ProjectRole = Field(
        description="What the user is in it: its owner, an administrator, a member, or a viewer, who only reads."
    )


class Project(ProjectOfUser):
    """A project with its members."""

    owner: str | None = Field(description="Id of the user who manages it; null: administrators do.", examples=["anna"])
    members: list[str] = Field(
        description="Ids of further users who see and change all that is in it.", examples=[["bo"]]
    )
    created_at: str | None = Field(description="When it was added, ISO 8601; null for `default`.")


class ProjectList(Answer):
    """The projects that the user sees."""

    items: list[Project] = Field(description="In the order of their names.")


class NewProject(BaseModel):
    """The request to add a project; it belongs to the user who asks."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "north-stores", "title": "Stores in the north"}]},
    )

    name: str = Field(pattern=r"^[a-z0-9_-]{1,64}$", description="1 to 64 of a-z, 0-9, - and _.")
    title: str = Field("", max_length=200, description="The title to show; default: the name.")
    visibility: Visibility = Field("private", description="public: everybody sees what is in it.")


class ProjectChange(BaseModel):
    """What is to change of a project; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"visibility": "public"}]})

    title: str | None = Field(None, min_length=1, max_length=200, description="The title to show.")
    visibility: Visibility | None = Field(None, description="public: everybody sees what is in it.")
