"""Errors as RFC 9457 problem documents: rule, got and fix, and never a stack trace."""

from __future__ import annotations

import errno
import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tidebook.core.errors import InvalidInput, NotFound, StorageFailure, TaskFailure, TidebookError
from tidebook.core.translation import problem_in
from tidebook.server.languages import spoken
from tidebook.server.replies import PROBLEM_JSON
from tidebook.specs import ForecastSpec, TrainSpec
from tidebook.specs.faults import readable_fault

logger = logging.getLogger(__name__)

_KNOWN_FIELDS: dict[str, type[BaseModel]] = {
    "/api/training": TrainSpec,
    "/api/training/check": TrainSpec,
    "/api/prediction": ForecastSpec,
}


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem document."""
    app.add_exception_handler(TidebookError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)


def problem_response(error: TidebookError, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that an error is, in the language of the request; `type`, `status` and `details` do not change."""
    problem = problem_in(spoken(), error.problem())
    try:
        content = orjson.dumps(problem, default=str)
    except TypeError:  # Text of the request that is no Unicode, or a number longer than orjson's.
        content = json.dumps(problem, default=str).encode()
    return Response(
        content,
        status_code=error.status,
        media_type=PROBLEM_JSON,
        headers={"Content-Language": spoken(), **(headers or {})},
    )


def as_ours(error: Exception) -> TidebookError:
    """Any error as one for people. What nobody foresaw is logged under a number and tells nothing else."""
    if isinstance(error, TidebookError):
        return error
    cause = getattr(error, "orig", error)
    if getattr(cause, "errno", None) in {errno.ENOSPC, errno.EDQUOT} or "disk is full" in str(cause):
        return StorageFailure(
            "The server must have room to write",
            got="no space left on the disk",
            fix="Free some space and try again; nothing was half written.",
        )
    number = secrets.token_hex(4)
    logger.error("incident %s", number, exc_info=error)
    return TaskFailure(
        "The server must be able to answer",
        got=f"an error of its own, incident {number}",
        fix="Try again; the server's log holds the details under this number.",
        incident=number,
    )


async def _on_ours(request: Request, error: Exception) -> Response:
    return problem_response(as_ours(error))


_on_bug = _on_ours


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    faults: Sequence[Mapping[str, Any]] = error.errors() if isinstance(error, RequestValidationError) else ()
    spec = _KNOWN_FIELDS.get(request.url.path)
    return problem_response(invalid(faults[0], list(spec.model_fields) if spec else []))


def invalid(fault: Mapping[str, Any], known: Sequence[str] = ()) -> InvalidInput:
    """One fault that pydantic found in a request, in our words."""
    if fault["type"] == "json_invalid":
        return InvalidInput(
            "The body must be JSON",
            got=f"a fault ({fault.get('ctx', {}).get('error', fault['msg'])})",
            fix="Send a JSON object with Content-Type: application/json.",
        )
    where, *located = fault["loc"] or ("body",)  # a field may have the name of a place, as `path` does
    if where not in {"body", "query", "path", "header"}:
        located = [where, *located]
    if not located:
        return InvalidInput(
            "The body must be a JSON object",
            got="nothing" if fault["type"] == "missing" else repr(fault.get("input"))[:200],
            fix="Send one with Content-Type: application/json; /api/openapi.json shows an example.",
        )
    return readable_fault({**fault, "loc": located}, known)


async def _on_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return problem_response(
            NotFound(
                "The path must be one that the server knows",
                got=f"{request.method} {request.url.path[:200]}",
                fix="See /api/openapi.json for all of them.",
            )
        )
    if status == 405:
        refusal: TidebookError = InvalidInput(
            "The path must be asked with a method that it takes",
            got=f"{request.method} {request.url.path[:200]}",
            fix="See /api/openapi.json for the methods.",
        )
    else:
        refusal = InvalidInput(
            "The request must be one that the server can read",
            got=str(getattr(error, "detail", error))[:200],
            fix="See /api/openapi.json for examples.",
        )
    refusal.status = status
    return problem_response(refusal, getattr(error, "headers", None))
