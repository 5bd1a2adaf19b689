"""Two versions side by side."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from tidebook.server.access import Models
from tidebook.server.replies import errors, reply
from tidebook.server.schemas.model import ModelComparison

router = APIRouter(prefix="/api/model-comparison", tags=["models"])

Asked = Annotated[
    str, Query(max_length=1100, description="The address of a version.", examples=["product/P001_all/lstm/v1"])
]


@router.get("", response_model=ModelComparison, summary="Compare two versions", responses=errors(404, 422))
def compare_models(a: Asked, b: Asked, models: Models) -> Response:
    """Their files, hyper-parameters, metrics and the facts of their training, from `a` to `b`."""
    return reply(models.compare(a, b))
