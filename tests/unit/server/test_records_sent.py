"""Records that are sent to the server: how large they may be, what they may hold, and who changes labels meanwhile."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.unit.server.conftest import Running
from tidebook.core.files import MAX_RECORD_BYTES
from tidebook.records import labels
from tidebook.sdk.spool import digest_of
from tidebook.server.receiving import merging, receiver
from tidebook.server.receiving.paths import is_read_whole


def register(client: TestClient, name: str = "run", content: str | None = None, **more: Any) -> Any:
    body = {"id": os.urandom(16).hex(), "run_name": name, **more}
    text = json.dumps(body) if content is None else json.dumps(body)[:-1] + f", {content}}}"
    return client.post("/api/ingest/runs", content=text, headers={"Content-Type": "application/json"})


def put(client: TestClient, path: str, content: bytes, name: str = "run") -> Any:
    address = f"/api/ingest/runs/{name}/files/{path}"
    return client.put(address, params={"digest": digest_of(content)}, content=content)


@pytest.mark.parametrize(
    "path",
    ["config.json", "context.json", "labels.json", "metadata.json", "results/eval_results.json",
     "checkpoints/best/metrics.json", "checkpoints/checkpoint-3/metrics.json", "model/config.json"],
)  # fmt: skip
def test_a_file_that_the_server_reads_whole_is_refused_above_the_limit_of_records(
    client: TestClient, running: Running, path: str
) -> None:
    register(client)
    refused = put(client, path, b'{"a": "' + b"x" * MAX_RECORD_BYTES + b'"}')
    assert (refused.status_code, refused.json()["fix"]) == (413, "Put what is large into files/ or tables/.")
    assert not list((running.services.settings.out / "run").glob(".incoming-*"))
    assert is_read_whole(path.upper())


@pytest.mark.parametrize("path", ["files/large.json", "results/predictions.json", "tables/all.json", "model/x/y.bin"])
def test_other_files_may_be_larger_than_a_record(client: TestClient, path: str) -> None:
    register(client)
    assert put(client, path, b" " * (MAX_RECORD_BYTES + 1)).status_code == 204


DEEP = "[" * 300 + "]" * 300


@pytest.mark.parametrize("value", ['"\\ud800"', DEEP, str(2**70), '{"\\ud800": 1}'])
@pytest.mark.parametrize("where", ["metadata", "labels"])
def test_json_that_no_file_here_could_hold_is_refused_and_leaves_no_folder(
    client: TestClient, running: Running, where: str, value: str
) -> None:
    refused = register(client, content=f'"{where}": {{"notes": {value}}}')
    assert refused.status_code == 422, refused.text
    assert {"rule", "got", "fix"} <= refused.json().keys()
    assert not running.services.settings.out.exists()


@pytest.mark.parametrize("path", ["metadata.json", "labels.json"])
def test_a_record_nested_too_deep_is_refused_when_it_is_sent_as_a_file(client: TestClient, path: str) -> None:
    register(client)
    refused = put(client, path, f'{{"notes": {DEEP}}}'.encode())
    assert refused.status_code == 422, refused.text


def test_more_tags_than_a_run_may_have_are_refused(client: TestClient, running: Running) -> None:
    register(client)
    running.services.sync.runs.refresh(["run"])
    refused = client.patch("/api/runs/run", json={"tags": {f"k{number}": "v" for number in range(501)}})
    assert (refused.status_code, refused.json()["rule"]) == (422, "A run must have at most 500 tags")


def test_what_people_say_while_labels_arrive_is_not_undone(
    client: TestClient, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(client)
    folder = running.services.settings.out / "run"
    people = threading.Thread(target=labels.change, args=[folder], kwargs={"pinned": True})

    def slowly(*arguments: Any) -> dict[str, Any]:
        people.start()
        people.join(0.3)  # between reading and writing: it has to wait
        return merging.merged(*arguments)

    monkeypatch.setattr(receiver, "merged", slowly)
    assert put(client, "labels.json", b'{"tags": {"team": "east"}}').status_code == 204
    people.join(10)
    assert labels.read(folder) == labels.Labels("default", "admin", {"team": "east"}, pinned=True)


def test_a_run_that_is_the_senders_own_folder_gets_an_owner_once(client: TestClient, running: Running) -> None:
    folder = Path(running.services.settings.out / "own")
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text(json.dumps({"id": "b" * 32}))
    (folder / f".{'c' * 32}").touch()
    body = {"id": "b" * 32, "run_name": "own", "nonce": "c" * 32}
    for user in ("ann", "bob"):
        assert running.login(user).post("/api/ingest/runs", json=body).json()["same"] is True
    assert labels.read(folder).owner == "ann"
