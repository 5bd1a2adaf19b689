"""What all answers share."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Metrics = dict[str, Any]


class Answer(BaseModel):
    """The base of all answers."""


class Problem(Answer):
    """An error for people, as RFC 9457 has it: the rule, what was got instead, and how to fix it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:tidebook:error:not-found",
                    "title": "The dataset must exist",
                    "status": 404,
                    "detail": "The dataset must exist, but got DSET…. Choose one of the list.",
                    "rule": "The dataset must exist",
                    "got": "DSET…",
                    "fix": "Choose one of the list.",
                }
            ]
        },
    )

    type: str = Field(description="The kind of error: urn:tidebook:error:{kind}.")
    title: str = Field(description="The rule, as a sentence.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="Rule, got and fix in one text.")
    rule: str = Field(description="What must hold.")
    got: str = Field(description="What was found instead.")
    fix: str = Field(description="What to do about it.")
    details: dict[str, Any] | None = Field(None, description="Plain values for programs.")


class Sentence(Answer):
    """A sentence in both languages."""

    en: str = Field(description="In English.")
    zh: str = Field(description="In Chinese.")


class Health(Answer):
    """Whether the server answers."""

    status: Literal["ok"] = Field(description="Always ok; no answer means that it is not.")
    version: str = Field(description="Tidebook's version.", examples=["0.1.0"])
