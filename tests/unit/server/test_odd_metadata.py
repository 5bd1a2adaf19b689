"""Metadata and labels whose fields are not what they should be: refused or shown as unknown, never a fault here."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.unit.server.conftest import Running
from tidebook.sdk.spool import digest_of

ODD = [["x"], {"a": {"b": 1}}, 5, 1e308, True, None, "", "\x00\n", "x" * 100_000, "9999-99-99T00:00:00", [[[]]]]
FIELDS = [
    "id", "run_name", "status", "created_at", "updated_at", "finished_at", "model_type", "stock_symbol", "scope",
    "data_source", "eval_metrics", "reason", "writer", "project", "owner", "tags", "notes", "params", "problems",
]  # fmt: skip
LABELS = ["project", "owner", "tags", "notes", "pinned", "archived", "other"]


def register(client: TestClient, metadata: dict[str, Any], labels: dict[str, Any]) -> Any:
    run = {"id": os.urandom(16).hex(), "run_name": "odd", "heartbeat_age": 0}
    described = {"status": "training", "created_at": "2026-01-01T00:00:00+00:00", **metadata}
    return client.post("/api/ingest/runs", json={**run, "metadata": described, "labels": labels})


def put(client: TestClient, name: str, path: str, value: dict[str, Any]) -> Any:
    content = json.dumps(value).encode()
    address = f"/api/ingest/runs/{name}/files/{path}"
    return client.put(address, params={"digest": digest_of(content)}, content=content)


def assert_seen(client: TestClient, running: Running, name: str) -> None:
    """The run can be looked at, alone and among others, and its writer can say that it lives."""
    running.services.sync.runs.refresh([name])
    assert client.post(f"/api/ingest/runs/{name}/heartbeat").status_code == 204
    assert client.get(f"/api/runs/{name}").status_code in {200, 404}  # 404 for a project that there is not
    assert client.get("/api/runs").status_code == 200


@pytest.mark.parametrize("field", FIELDS)
def test_no_field_of_the_metadata_makes_a_fault_whatever_it_holds(
    client: TestClient, running: Running, field: str
) -> None:
    for value in ODD:
        odd = field == "status" and not isinstance(value, str | None)
        answer = register(client, {field: value}, {})
        assert answer.status_code == (422 if odd else 200), (value, answer.text)
        plain = register(client, {}, {}).json()["run_name"]
        sent = put(client, plain, "metadata.json", {"status": "training", field: value})
        assert sent.status_code == (422 if odd else 204), (value, sent.text)
        for name in {plain, answer.json().get("run_name", plain)}:
            assert_seen(client, running, name)


@pytest.mark.parametrize("field", LABELS)
def test_no_label_makes_a_fault_whatever_it_holds(client: TestClient, running: Running, field: str) -> None:
    for value in ODD:
        answer = register(client, {}, {field: value})
        assert answer.status_code in {200, 422}, (value, answer.text)
        plain = register(client, {}, {}).json()["run_name"]
        assert put(client, plain, "labels.json", {field: value}).status_code in {204, 403, 422}, value
        for name in {plain, answer.json().get("run_name", plain)}:
            assert_seen(client, running, name)


def test_a_run_here_whose_status_is_no_text_can_be_sent_to(client: TestClient, running: Running) -> None:
    name = register(client, {}, {}).json()["run_name"]
    metadata = running.services.settings.out / name / "metadata.json"
    metadata.write_text(json.dumps({**json.loads(metadata.read_bytes()), "status": ["x"]}))
    assert_seen(client, running, name)
