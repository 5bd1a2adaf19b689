"""A request carries no more than the server takes, whoever sends it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.unit.server.conftest import Running
from tidebook.server.bodies import MAX_BODY_BYTES

LARGE = b'{"notes": "' + b"a" * MAX_BODY_BYTES + b'"}'


def in_pieces() -> Iterator[bytes]:
    for start in range(0, len(LARGE), 1 << 20):
        yield LARGE[start : start + (1 << 20)]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/ingest/runs"), ("PATCH", "/api/runs/run"), ("POST", "/api/training"), ("PUT", "/api/nowhere")],
)
def test_a_body_above_the_limit_is_refused_whether_its_length_is_stated_or_not(
    client: TestClient, method: str, path: str
) -> None:
    for content in (LARGE, in_pieces()):
        refused = client.request(method, path, content=content, headers={"Content-Type": "application/json"})
        assert refused.status_code == 413
        assert {"rule", "got", "fix"} <= refused.json().keys()
        assert refused.headers["x-content-type-options"] == "nosniff"


def test_a_body_that_comes_in_pieces_below_the_limit_is_taken_whole(client: TestClient) -> None:
    body = json.dumps({"id": "a" * 32, "run_name": "run", "metadata": {"long": "x" * 3_000_000}}).encode()
    pieces = (body[start : start + 100_000] for start in range(0, len(body), 100_000))
    answer = client.post("/api/ingest/runs", content=pieces, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["run_name"]) == (200, "run")


def test_who_is_not_logged_in_is_told_that_before_the_body_is_read(running: Running) -> None:
    assert running.client.post("/api/ingest/runs", content=LARGE).status_code == 401
