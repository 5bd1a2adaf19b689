"""`python -m tidebook.server.openapi` prints the OpenAPI document."""

from __future__ import annotations

import sys
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

import tidebook
from tidebook.server.auth import COOKIE, OPEN
from tidebook.server.replies import PROBLEM_JSON
from tidebook.server.schemas.base import Problem

DESCRIPTION = """\
Data, trainings, model versions and forecasts of one Tidebook server.

Programs send `Authorization: Bearer` with a token of `POST /api/tokens`; browsers have a session cookie. Errors are
problem documents (RFC 9457) that say the rule, what was got instead, and how to fix it, in English or, where
Accept-Language (of the WebSocket: `?language=`) asks for it, in Chinese. Lists are paged: give `next` as `after`.

Everything belongs to a user and a project. What the user does not see answers 404, as if it did not exist; what they
see but may not change answers 403.

`WebSocket /api/live` takes `{"type": "subscribe", "topic": T, "cursor": C}` and `{"type": "unsubscribe",
"topic": T}` and sends `{"topic": T, "cursor": C, "items": […]}` or `{"topic": T, "error": Problem}`. Topics: `training`
and `training/{id}` (items are Tasks), `training/{id}/logs` (lines), `training/{id}/metrics` (entries), `runs` and
`runs/{run_name}` (RunItems; of a deleted run only `run_name` and `deleted`), `runs/{run_name}/logs`,
`runs/{run_name}/metrics`. Cursors are those of the HTTP endpoints: to subscribe again with the last one loses nothing
and repeats nothing.
"""

TAGS = [
    {"name": "session", "description": "Who is logged in, and tokens for programs."},
    {"name": "users", "description": "Who may come in."},
    {"name": "projects", "description": "What belongs together, and who sees it."},
    {"name": "datasets", "description": "Tables of rows, registered by path or uploaded, and audited."},
    {"name": "training", "description": "Trainings: asked for, watched, stopped."},
    {"name": "ingest", "description": "Runs that are written on other machines, as they arrive."},
    {"name": "runs", "description": "Records of trainings, whoever wrote them: found, compared, looked into."},
    {"name": "views", "description": "Lists as users like to see them."},
    {"name": "models", "description": "Algorithms and published versions."},
    {"name": "store", "description": "Files of versions and of other models, read and filled from other machines."},
    {"name": "prediction", "description": "Forecasts and their history."},
    {"name": "storage", "description": "What takes the space."},
    {"name": "retention", "description": "What is kept, what a cleanup would do, and the daily one."},
    {"name": "archive", "description": "What was moved away, and can be brought back."},
]

_SCHEMA = {"schema": {"$ref": "#/components/schemas/Problem"}}
_ALWAYS = {"401": "Nobody is logged in.", "403": "Not from this host or origin, or outside what may be touched."}
_FAILED = {"500": "The server or a computation failed; its log holds the details."}
_FULL = {"507": "The disk of the server is full or cannot be written; nothing was half written."}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of `app`, with the ways to log in and the problem documents that any route may give."""
    made = get_openapi(
        title="Tidebook", version=tidebook.__version__, description=DESCRIPTION, tags=TAGS, routes=app.routes
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas.setdefault("Problem", Problem.model_json_schema())
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        "token": {"type": "http", "scheme": "bearer"},
    }
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(operation, path not in OPEN, writes=method != "get")
    return made


def _complete(operation: dict[str, Any], guarded: bool, *, writes: bool) -> None:
    responses = operation["responses"]
    if guarded:
        operation["security"] = [{"session": []}, {"token": []}]
        for status, meaning in {**_ALWAYS, **_FAILED, **(_FULL if writes else {})}.items():
            responses.setdefault(status, {"description": meaning, "content": {PROBLEM_JSON: _SCHEMA}})
    for status, response in responses.items():
        if status.startswith(("4", "5")):
            response["content"] = {PROBLEM_JSON: _SCHEMA}
    operation["responses"] = dict(sorted(responses.items()))


def main() -> None:
    """Prints the document."""
    from tidebook.core.settings import Settings
    from tidebook.server.app import create_app

    sys.stdout.write(orjson.dumps(create_app(Settings()).openapi(), option=orjson.OPT_INDENT_2).decode() + "\n")


if __name__ == "__main__":
    main()
