"""Versions and file models that others send: nothing they say or hold back changes what is not theirs, or complete."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from io import BytesIO
from threading import Event
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from tests.unit.server.conftest import Running
from tests.unit.server.test_store import TREE, WHEN, entry, put
from tidebook.abc import FileEntry
from tidebook.core.errors import Conflict
from tidebook.core.settings import Settings
from tidebook.server.storing import claiming
from tidebook.server.storing.rights import Rights
from tidebook.store import bundles, verify


def published(client: TestClient, line: str, owner: str = "run", **metadata: Any) -> str:
    """A version that is complete, with metadata.json and model.pth."""
    prefix, files = claimed(client, line, owner, **metadata)
    answer = commit(client, prefix, files, owner)
    assert answer.status_code == 204, answer.text
    return prefix


def claimed(client: TestClient, line: str, owner: str, **metadata: Any) -> tuple[str, list[FileEntry]]:
    number = client.post("/api/store/claims", json={"line": line, "owner": owner}).json()["number"]
    prefix = f"{line}/v{number}"
    contents = {"metadata.json": orjson.dumps({"format_version": 1, **metadata}), "model.pth": b"GOOD" * 10}
    for path, content in contents.items():
        params: dict[str, Any] = {**asdict(entry(path, content)), "claim": owner}
        assert client.put(f"/api/store/content/{prefix}", params=params, content=content).status_code == 200
    return prefix, [entry(path, content) for path, content in contents.items()]


def commit(client: TestClient, prefix: str, files: list[FileEntry], owner: str) -> Any:
    body = {"claim": owner, "files": [asdict(file) for file in files]}
    return client.post(f"/api/store/commits/{prefix}", json=body)


LINE = "product/P001_all/lstm"


def test_an_upload_held_open_over_the_commit_changes_nothing_of_the_version(
    client: TestClient, running: Running, settings: Settings
) -> None:
    prefix, files = claimed(client, LINE, "run")
    evil, begun, go = b"EVIL" * 10, Event(), Event()
    arrivals = running.services.arrivals

    def held() -> Iterator[bytes]:
        begun.set()
        yield evil[:8]
        go.wait()
        yield evil[8:]

    with ThreadPoolExecutor() as pool:
        late = pool.submit(arrivals.take, prefix, entry("model.pth", evil), held(), 0)
        begun.wait()
        assert commit(client, prefix, files, "run").status_code == 204
        go.set()
        with pytest.raises(Conflict, match="written once"):
            late.result()
    refused = arrivals.take_bundle(prefix, bundles.packed([(entry("model.pth", evil), evil)]))
    assert [path for path, _ in refused[1]] == ["model.pth"]
    assert verify(running.services.models.store, prefix) == []
    assert client.get(f"/api/models/{prefix}/files/model.pth").content == b"GOOD" * 10
    assert [path.name for path in (settings.saved_models / prefix).iterdir() if path.name.endswith(".part")] == []


def test_what_came_twice_at_once_is_read_before_it_is_committed(
    client: TestClient, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix, files = claimed(client, LINE, "run")
    arrivals, good, evil = running.services.arrivals, b"GOOD" * 10, b"EVIL" * 10
    note = arrivals._note

    def slowly(prefix: str, file: FileEntry) -> None:
        if file == files[1]:  # Other content takes its place before this is noted.
            arrivals.take(prefix, entry("model.pth", evil), (evil,), 0)
        note(prefix, file)

    monkeypatch.setattr(arrivals, "_note", slowly)
    arrivals.take(prefix, files[1], (good,), 0)
    assert commit(client, prefix, files, "run").status_code == 409


def test_a_deletion_through_the_store_goes_by_the_same_rules(client: TestClient) -> None:
    prefix = published(client, LINE, validation={"wape": 0.1, "end": "2026-01-01"})
    refused = client.delete(f"/api/store/trees/{prefix}")
    assert (refused.status_code, refused.json()["details"]["reasons"]) == (409, ["best"])
    assert client.delete(f"/api/store/trees/{prefix}?force=true").status_code == 422
    assert client.delete(f"/api/store/trees/{prefix}?force=true&reason=wrong+data").status_code == 204
    assert client.get(f"/api/models/{prefix}").status_code == 404


def test_an_archived_version_that_is_deleted_leaves_nothing_in_the_archive(
    client: TestClient, settings: Settings
) -> None:
    first = published(client, LINE, "first")
    published(client, LINE, "second", validation={"wape": 0.1, "end": "2026-01-01"})
    assert client.post("/api/archive", json={"kind": "version", "id": first}).status_code < 300
    assert any(path.is_file() for path in (settings.home / "archive").rglob("*"))
    assert client.delete(f"/api/store/trees/{first}").status_code == 204
    assert not any(path.is_file() for path in (settings.home / "archive").rglob("*"))


def test_nobody_takes_the_numbers_of_a_line_away(
    client: TestClient, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(client, LINE)
    other = running.login("eve")
    far = other.post("/api/store/claims", json={"line": LINE, "owner": "z", "above": 999_999_998})
    assert (far.status_code, far.json()["rule"]) == (
        422,
        "The number of a version must be at most 1,000 above the newest one of its line",
    )
    assert other.post("/api/store/claims", json={"line": LINE, "owner": "z", "above": 7}).json()["number"] == 8
    monkeypatch.setattr(claiming, "MOST_OPEN", 3)
    numbers = [other.post("/api/store/claims", json={"line": LINE, "owner": f"x{i}"}) for i in range(5)]
    assert [answer.status_code for answer in numbers] == [200, 200, 409, 409, 409]
    assert other.post("/api/store/claims", json={"line": LINE, "owner": "z"}).json()["number"] == 8
    published(client, LINE, "mine")
    monkeypatch.setattr(claiming, "LAPSED", 0.0)
    assert other.post("/api/store/claims", json={"line": LINE, "owner": "x5"}).status_code == 200


def test_file_models_and_versions_with_names_of_the_store_are_refused_and_break_nothing(
    client: TestClient, settings: Settings
) -> None:
    assert put(client, b"content").status_code == 200
    found = entry("file", b"x")
    params: dict[str, Any] = {"path": "file", "size": 1, "mtime": WHEN, "digest": found.digest}
    for tree in ("manifest.json/v1", "model/manifest.json", "model/labels.json", "model/V1", "Model/v1", " model/v1"):
        answer = client.put(f"/api/store/content/files/{tree}", params=params, content=b"x")
        assert answer.status_code == 422, tree
    inside = {**params, "path": "manifest.json/file"}
    assert client.put(f"/api/store/content/{TREE}", params=inside, content=b"x").status_code == 422
    (settings.saved_models / "files" / "manifest.json" / "v1").mkdir(parents=True)
    (settings.saved_models / "files" / "manifest.json" / "v1" / "file").write_bytes(b"x")
    (settings.saved_models / "files" / "model" / "manifest.json").mkdir()
    assert client.get("/api/store/models").status_code == 200
    assert client.get("/api/store/models/model").json()["versions"][0]["version"] == "v1"
    assert client.get(f"/api/store/entries/{TREE}").status_code == 200


def test_labels_without_a_project_leave_the_version_where_it_is(client: TestClient, running: Running) -> None:
    running.user("alice")
    alice, eve = running.login("alice"), running.login("eve")
    assert alice.post("/api/projects", json={"name": "private"}).status_code == 201
    prefix = published(alice, LINE)
    assert alice.patch(f"/api/models/{prefix}", json={"project": "private"}).status_code == 200
    assert eve.get(f"/api/models/{prefix}").status_code == 404
    place = {"prefix": prefix, "name": "labels.json"}
    before = alice.get("/api/store/records", params=place).json()["value"]
    answer = alice.put("/api/store/records", json={**place, "before": before, "after": {}})
    assert answer.json()["value"] == {"format_version": 1, "project": "private", "owner": "alice"}
    assert eve.get(f"/api/models/{prefix}").status_code == 404


def test_times_that_are_none_are_refused_at_the_commit_and_do_not_break_the_zip(
    client: TestClient, running: Running, settings: Settings
) -> None:
    prefix, files = claimed(client, LINE, "run")
    running.services.arrivals._verified.clear()  # as where the server was started again
    for junk in ("junk", "9999-12-31T23:59:59-12:00"):
        bad = [replace(file, mtime=junk) for file in files]
        assert commit(client, prefix, bad, "run").status_code == 422
    assert commit(client, prefix, files, "run").status_code == 204
    manifest = settings.saved_models / prefix / "manifest.json"
    manifest.write_text(manifest.read_text().replace(WHEN, "junk"))
    answer = client.get(f"/api/model-zip/{prefix}")
    assert answer.status_code == 200
    assert set(zipfile.ZipFile(BytesIO(answer.content)).namelist()) >= {"metadata.json", "model.pth"}


def test_of_two_who_make_a_file_model_at_once_one_is_its_owner(
    client: TestClient, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, others = running.services.models.store, {"format_version": 1, "project": "default", "owner": "bo"}
    before = Rights._whose_model

    def meanwhile(rights: Rights, name: str) -> Any:
        found = before(rights, name)
        if found is None:  # Between the look and the writing, another server makes it.
            store.amend(f"files/{name}", "labels.json", lambda _: others, make=True)
        return found

    monkeypatch.setattr(Rights, "_whose_model", meanwhile)
    assert put(running.login("anna"), b"mine").status_code == 403
    assert store.record("files/model", "labels.json") == others
