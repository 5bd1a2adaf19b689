"""Who is logged in, and tokens for programs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from tidebook.server.schemas.base import Answer
from tidebook.server.schemas.project import ProjectOfUser
from tidebook.server.schemas.user import User


class Session(Answer):
    """Who is logged in, and what this server allows."""

    user: User
    projects: list[ProjectOfUser] = Field(description="The projects that the user sees, in the order of their names.")
    version: str = Field(description="Tidebook's version.", examples=["0.1.0"])
    data_roots: list[str] = Field(description="Folders whose files may be registered by path.", examples=[["/data"]])
    slots: int = Field(description="How many trainings run at once.", examples=[2])
    max_upload_bytes: int = Field(description="The largest file that can be uploaded.", examples=[4294967296])


class NewToken(BaseModel):
    """The request for a token."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "nightly script"}]})

    name: str = Field(min_length=1, max_length=100, description="What the token is for.")


class Token(Answer):
    """A token, without its secret."""

    id: str = Field(description="TOKN and 28 characters.", examples=["TOKN0123456789abcdefghijklmnop01"])
    name: str = Field(description="What the token is for.", examples=["nightly script"])
    created_at: str = Field(description="When it was made, ISO 8601.")
    last_used_at: str | None = Field(None, description="When it was last used, to the minute.")


class TokenWithSecret(Token):
    """A token that was just made; its secret is shown this once."""

    token: str = Field(description="Send it as `Authorization: Bearer …`.", examples=["tide_5Nq…"])


class Tokens(Answer):
    """All tokens of the user."""

    items: list[Token]
