"""What the store's routes answer where the disk, the client or a record is at fault."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from starlette.testclient import TestClient

from tests.unit.server.conftest import Running
from tidebook.abc import FileEntry
from tidebook.core.settings import Settings
from tidebook.server.bodies import MAX_BODY_BYTES
from tidebook.store import bundles, copying

TREE = "files/model/v1"
WHEN = "2026-01-01T00:00:00.000000+00:00"


def entry(path: str, content: bytes) -> FileEntry:
    return FileEntry(path, len(content), WHEN, f"blake3:{blake3(content).hexdigest()}")


def put(client: TestClient, content: bytes, path: str = "file") -> Any:
    found = entry(path, content)
    params: dict[str, str | int] = {"path": path, "size": found.size, "mtime": WHEN, "digest": found.digest}
    return client.put(f"/api/store/content/{TREE}", params=params, content=content)


def put_bundle(client: TestClient, *files: tuple[FileEntry, bytes]) -> Any:
    return client.put(f"/api/store/bundles/{TREE}", content=b"".join(bundles.packed(files)))


def test_a_full_disk_is_said_and_nothing_is_left(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert put(client, b"first", "first").status_code == 200

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(copying, "write_all", full)
    answers = [put(client, b"content"), put_bundle(client, (entry("small", b"content"), b"content"))]
    for answer in answers:
        assert answer.status_code == 507
        assert answer.json()["got"] == "no space left on the disk"
        assert "Free some space" in answer.json()["fix"]
    monkeypatch.undo()
    place = settings.saved_models / TREE
    assert [path.name for path in place.iterdir()] == ["first"]
    assert put(client, b"content").status_code == 200


def test_files_of_a_bundle_that_cannot_be_are_refused_and_the_others_taken(client: TestClient) -> None:
    good, bad = entry("good", b"good"), entry("../bad", b"bad")
    wrong = FileEntry("wrong", 3, WHEN, f"blake3:{'0' * 64}")
    answer = put_bundle(client, (bad, b"bad"), (good, b"good"), (wrong, b"abc"))
    assert answer.status_code == 200
    assert [taken["path"] for taken in answer.json()["taken"]] == ["good"]
    assert [failed["path"] for failed in answer.json()["failed"]] == ["../bad", "wrong"]
    assert all({"rule", "got", "fix"} <= failed["problem"].keys() for failed in answer.json()["failed"])


def test_what_was_verified_is_known_without_being_read_again(client: TestClient, settings: Settings) -> None:
    digest = entry("file", b"content").digest
    put(client, b"content")
    listed = client.get(f"/api/store/entries/{TREE}").json()["entries"]
    assert [(each["path"], each["digest"]) for each in listed] == [("file", digest)]
    assert not (settings.saved_models / TREE / "manifest.json").exists()
    assert client.post(f"/api/store/kept/{TREE}").status_code == 204
    assert digest in (settings.saved_models / TREE / "manifest.json").read_text()
    (settings.saved_models / TREE / "file").write_bytes(b"changed")
    listed = client.get(f"/api/store/entries/{TREE}").json()["entries"]
    assert [each["digest"] for each in listed] == [""]


def test_uploads_have_a_limit_of_their_own_and_other_bodies_theirs(client: TestClient) -> None:
    assert put(client, bytes(MAX_BODY_BYTES + 1)).status_code == 200
    large = {"paths": ["x" * 1000] * (MAX_BODY_BYTES // 1000 + 1)}
    assert client.post(f"/api/store/contents/{TREE}", json=large).status_code == 413


def test_a_file_above_the_limit_is_refused_before_it_is_sent(
    client: TestClient, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.services.arrivals, "_limit", 1000)
    assert put(client, bytes(1000)).status_code == 200
    assert put(client, bytes(1001)).status_code == 413
    answer = put_bundle(client, (entry("large", bytes(1001)), bytes(1001)))
    assert [failed["problem"]["status"] for failed in answer.json()["failed"]] == [413]


def test_records_that_are_no_longer_what_they_were_are_not_replaced(client: TestClient) -> None:
    put(client, b"content")
    place = {"prefix": "files/model", "name": "labels.json"}
    labels = client.get("/api/store/records", params=place).json()["value"]
    assert labels == {"format_version": 1, "project": "default", "owner": "admin"}
    change = {**place, "before": labels, "after": {**labels, "notes": "a note"}}
    assert client.put("/api/store/records", json=change).json()["value"]["notes"] == "a note"
    assert client.put("/api/store/records", json=change).status_code == 409
    for name, value in (("notes", 5), ("tags", []), ("project", "../x"), ("surprise", 1)):
        bad = {**change, "before": {**labels, "notes": "a note"}, "after": {**labels, name: value}}
        assert client.put("/api/store/records", json=bad).status_code == 422, name


def test_a_damaged_record_of_a_model_hides_it_and_breaks_nothing(
    client: TestClient, running: Running, settings: Settings
) -> None:
    put(client, b"content")
    (settings.saved_models / "files" / "model" / "labels.json").write_text("[broken")
    other = running.login("anna")
    assert other.get(f"/api/store/entries/{TREE}").status_code == 404
    assert other.get("/api/store/models").json() == {"items": []}
    assert put(other, b"mine").status_code == 404


def test_a_name_that_leads_elsewhere_is_refused(client: TestClient, settings: Settings, tmp_path: Path) -> None:
    put(client, b"content")
    outside = tmp_path / "outside"
    outside.mkdir()
    (settings.saved_models / "files" / "linked").symlink_to(outside)
    found = entry("file", b"x")
    params: dict[str, str | int] = {"path": "file", "size": 1, "mtime": WHEN, "digest": found.digest}
    answer = client.put("/api/store/content/files/linked/v1", params=params, content=b"x")
    assert answer.status_code in {404, 422}
    assert list(outside.iterdir()) == []
