"""Answers as JSON, and the errors that a route may give, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import Query
from starlette.responses import Response

from tidebook.core.errors import Conflict, DataFault, Forbidden, InvalidInput, NotFound, TaskFailure, TooLarge
from tidebook.server.languages import told

PROBLEM_JSON = "application/problem+json"

Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
After = Annotated[str | None, Query(max_length=200, description="The `next` of the page before.")]
OfProject = Annotated[
    str | None, Query(pattern=r"^[a-z0-9_-]{1,64}$", description="Only what belongs to the project of this name.")
]
Cursor = Annotated[int, Query(ge=0, le=2**53, description="The `cursor` of the answer before; 0 for the beginning.")]

_MEANINGS = {
    InvalidInput.status: "A value breaks a rule, or the data does.",
    DataFault.status: "A value breaks a rule, or the data does.",
    NotFound.status: "What was named does not exist.",
    Conflict.status: "The state of things does not allow it now.",
    Forbidden.status: "It is outside what may be touched.",
    TooLarge.status: "More was sent than is accepted.",
    TaskFailure.status: "The computation ended without a result.",
}


def reply(value: Any, status: int = 200) -> Response:
    """`value` as JSON, what it says of failures in the language of the request.

    What comes from our own files is not checked again; tests hold it against the models.
    """
    content = orjson.dumps(told(value), option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(content, status_code=status, media_type="application/json")


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem documents that a route may answer with, as FastAPI's `responses`."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": _MEANINGS[status], "content": {PROBLEM_JSON: {"schema": schema}}} for status in statuses
    }
