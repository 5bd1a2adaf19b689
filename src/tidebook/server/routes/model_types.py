"""The algorithms that can be trained."""

from __future__ import annotations

from fastapi import APIRouter, Response

from tidebook.algorithms import catalogue
from tidebook.server.replies import errors, reply
from tidebook.server.schemas.model import ModelTypes
from tidebook.server.services import Parts

router = APIRouter(prefix="/api", tags=["models"])


@router.get("/model_types", response_model=ModelTypes, summary="The algorithms", responses=errors(500))
def list_model_types(parts: Parts) -> Response:
    """Every algorithm with its description and the JSON schema of its hyper-parameters, plug-ins included."""
    described = catalogue.described(parts.settings)
    return reply({"items": described["algorithms"], "errors": described["errors"]})
