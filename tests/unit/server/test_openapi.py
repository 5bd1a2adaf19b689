"""The OpenAPI document is complete, and its committed copy is fresh."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tidebook.core.settings import Settings
from tidebook.server.app import create_app
from tidebook.server.auth import OPEN

COPY = Path(__file__).parents[3] / "web" / "openapi.json"


@pytest.fixture
def document(settings: Settings) -> dict[str, Any]:
    """As the server gives it."""
    return create_app(settings).openapi()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of everything."""
    return [(path, method, each) for path, methods in document["paths"].items() for method, each in methods.items()]


def test_the_committed_copy_is_fresh(document: dict[str, Any]) -> None:
    """Make it anew with `python -m tidebook.server.openapi > web/openapi.json`."""
    assert json.loads(COPY.read_text()) == json.loads(json.dumps(document))


def test_every_operation_says_what_it_does_and_how_it_fails(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        failures = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
        if path not in OPEN:
            assert {"401", "403"} <= failures.keys(), (method, path)
            assert operation["security"]
        for answer in failures.values():
            assert list(answer["content"]) == ["application/problem+json"]


def test_every_answer_with_a_body_has_a_model_and_every_body_an_example(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status.startswith("2") and status != "204":
                [(kind, media)] = answer["content"].items()
                assert kind != "application/json" or "$ref" in media["schema"], (method, path)
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body:
            assert schemas[body["schema"]["$ref"].rsplit("/", 1)[1]]["examples"], (method, path)


def test_every_parameter_and_the_fields_of_tasks_are_explained(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query" and parameter["name"] not in {"product_id", "store_id"}:
                assert parameter["description"], (path, parameter["name"])
    assert "CREATED: waits for a slot" in str(document["components"]["schemas"]["Task"]["properties"]["state"])


def test_names_of_operations_are_unique(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
