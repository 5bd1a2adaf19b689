"""Who may do what with a server's store: nobody is believed about whose something is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.people import FILES, PRIVATE, SHARED, People
from tidebook.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tidebook.core.files import write_json
from tidebook.store import LocalStore
from tidebook.store.http_store import HttpStore
from tidebook.store.transfer import transfer
from tidebook.store.trees.local import Folder


def store_of(people: People, user: str, tmp_path: Path) -> HttpStore:
    return HttpStore(people.server.url, people.tokens[user], cache=tmp_path / user, patience=5)


def files(folder: Path, **metadata: Any) -> dict[str, Path]:
    write_json(folder / "metadata.json", {"format_version": 1, **metadata})
    (folder / "model.pth").write_bytes(b"weights")
    return {name: folder / name for name in ("metadata.json", "model.pth")}


def published(store: HttpStore, line: str, made: dict[str, Path], owner: str = "run") -> str:
    prefix = f"{line}/v{store.claim(line, owner)}"
    store.commit(prefix, store.fill(prefix, made))
    return prefix


def test_versions_of_others_are_not_there(people: People, tmp_path: Path) -> None:
    bo = store_of(people, "bo", tmp_path)
    assert set(bo.trees()) >= {f"{SHARED}/v1"}
    assert not {f"{PRIVATE}/v1", f"{SHARED}/v2"} & set(bo.trees())
    assert PRIVATE not in set(bo.lines())
    for work in (
        lambda: bo.manifest(f"{PRIVATE}/v1"),
        lambda: bo.open(f"{PRIVATE}/v1", "metadata.json"),
        lambda: bo.folder(f"{SHARED}/v2"),
        lambda: bo.record(f"{PRIVATE}/v1", "labels.json"),
        lambda: bo.amend(f"{PRIVATE}/v1", "labels.json", lambda _: {"notes": "mine"}),
        lambda: bo.delete(f"{PRIVATE}/v1", "mine"),
        lambda: list(bo.tree(f"{PRIVATE}/v1").read("metadata.json")),
    ):
        with pytest.raises(NotFound):
            work()
    anna = store_of(people, "anna", tmp_path)
    assert anna.open(f"{PRIVATE}/v1", "metadata.json").is_file()


def test_a_version_belongs_to_who_sends_it_whatever_they_say(people: People, tmp_path: Path) -> None:
    bo = store_of(people, "bo", tmp_path)
    prefix = published(bo, "product/P300_all/lstm", files(tmp_path, owner="anna", project="default"))
    with people.client("admin") as admin:
        shown = admin.get(f"/api/models/{prefix}").json()
    assert (shown["owner"], shown["project"]) == ("bo", "default")
    for project in ("north", "nothing"):
        number = bo.claim("product/P300_all/lstm", f"into {project}")
        wanted = f"product/P300_all/lstm/v{number}"
        entries = bo.fill(wanted, files(tmp_path, project=project))
        with pytest.raises(InvalidInput, match="The project must exist"):
            bo.commit(wanted, entries)
        assert wanted not in set(bo.trees())
    number = bo.claim("product/P300_all/lstm", "into open")
    wanted = f"product/P300_all/lstm/v{number}"
    entries = bo.fill(wanted, files(tmp_path, project="open"))
    with pytest.raises(Forbidden, match="Only members may put something into a project"):
        bo.commit(wanted, entries)


def test_nobody_comes_at_the_claim_of_another_by_its_name(people: People, tmp_path: Path) -> None:
    anna, bo = store_of(people, "anna", tmp_path), store_of(people, "bo", tmp_path)
    line = "product/P301_all/lstm"
    number = anna.claim(line, "run")
    entries = anna.fill(f"{line}/v{number}", files(tmp_path))
    assert bo.claimed(line, "run") is None
    assert bo.claim(line, "run") == number + 1
    bo._claims[f"{line}/v{number}"] = "run"
    for work in (
        lambda: bo.fill(f"{line}/v{number}", files(tmp_path)),
        lambda: bo.commit(f"{line}/v{number}", entries),
        lambda: list(bo.tree(f"{line}/v{number}").read("metadata.json")),
    ):
        with pytest.raises(NotFound):
            work()
    anna.commit(f"{line}/v{number}", entries)
    assert anna.manifest(f"{line}/v{number}")["files"]


def test_what_may_only_be_read_is_not_written(people: People, tmp_path: Path) -> None:
    anna, bo = store_of(people, "anna", tmp_path), store_of(people, "bo", tmp_path)
    prefix = published(anna, "product/P302_all/lstm", files(tmp_path, project="open"))
    assert bo.open(prefix, "model.pth").read_bytes() == b"weights"
    with pytest.raises(Forbidden):
        bo.delete(prefix, "mine")
    with pytest.raises(Forbidden):
        bo.amend(prefix, "labels.json", lambda before: {**(before or {}), "notes": "mine"})
    with pytest.raises(Forbidden):
        bo.amend(
            "product/P302_all/lstm",
            "aliases.json",
            lambda _: {"aliases": {"production": {"version": "v1", "by": "bo", "at": "now", "reason": ""}}},
        )
    with pytest.raises(Conflict):
        bo.tree(prefix).take(Folder(tmp_path), Folder(tmp_path).entries()["model.pth"])


def test_labels_do_not_give_a_version_to_another_user(people: People, tmp_path: Path) -> None:
    anna = store_of(people, "anna", tmp_path)
    prefix = published(anna, "product/P303_all/lstm", files(tmp_path))
    anna.amend(prefix, "labels.json", lambda before: {**(before or {}), "owner": "bo", "project": "north"})
    assert anna.record(prefix, "labels.json") == {"format_version": 1, "owner": "anna", "project": "north"}
    with pytest.raises(NotFound):
        store_of(people, "bo", tmp_path).manifest(prefix)
    with pytest.raises(InvalidInput):
        anna.amend(prefix, "labels.json", lambda before: {**(before or {}), "project": "not mine"})
    for name in ("archived.json", "versions.json", "manifest.json", ".claim"):
        with pytest.raises((Forbidden, NotFound)):
            anna.amend(prefix, name, lambda _: {"x": 1})


def test_aliases_are_seen_with_their_versions_and_say_who_gave_them(people: People, tmp_path: Path) -> None:
    from tidebook.core.scope import Address
    from tidebook.registry import aliases

    line = "product/P304_all/lstm"
    anna, bo = store_of(people, "anna", tmp_path), store_of(people, "bo", tmp_path)
    secret = published(anna, line, files(tmp_path, project="north"))
    common = published(bo, line, files(tmp_path))
    aliases.put(anna, Address.parse(secret), "production", by="somebody", reason="good")
    assert bo.record(line, "aliases.json") is None
    aliases.put(bo, Address.parse(common), "candidate", by="somebody", reason="")
    assert list(aliases.read(bo, line)["aliases"]) == ["candidate"]
    held = LocalStore(people.server.home / "saved_models").record(line, "aliases.json") or {}
    assert {name: entry["by"] for name, entry in held["aliases"].items()} == {"production": "anna", "candidate": "bo"}
    assert [event["by"] for event in held["history"]] == ["anna", "bo"]
    with pytest.raises(Forbidden):
        aliases.put(bo, Address.parse(common), "production", by="somebody", reason="mine now")
    for name in ("best", "latest", "v1"):
        with pytest.raises(InvalidInput, match="An alias must be"):
            bo.set_alias(line, "v2", name, "")
    with pytest.raises(Forbidden):
        bo.amend(line, "aliases.json", lambda _: {"aliases": {}, "history": [{"alias": "x" * 10_000}]})
    assert LocalStore(people.server.home / "saved_models").record(line, "aliases.json") == held
    with pytest.raises(Conflict, match="candidate"):
        bo.delete(common, "gone")
    bo.remove_alias(line, "candidate", "over")
    assert bo.record(line, "aliases.json")["aliases"] == {}  # type: ignore[index]


def test_a_file_model_is_of_who_made_it(people: People, tmp_path: Path) -> None:
    anna, bo = store_of(people, "anna", tmp_path), store_of(people, "bo", tmp_path)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "model.db").write_bytes(b"weights")
    assert transfer(Folder(folder), anna.tree("files/annas/v1")).failed == []
    labels = LocalStore(people.server.home / "saved_models").record("files/annas", "labels.json") or {}
    assert (labels["project"], labels["owner"]) == ("default", "anna")
    assert list(bo.tree("files/annas/v1").entries()) == ["model.db"]
    refused = transfer(Folder(folder), bo.tree("files/annas/v2")).failed
    assert [type(error) for _, error in refused] == [Forbidden]
    with pytest.raises(Forbidden):
        bo.tree("files/annas/v1").remove(["model.db"])
    anna.amend("files/annas", "labels.json", lambda before: {**(before or {}), "project": "north"})
    assert bo.tree("files/annas/v1").entries() == {}
    with pytest.raises(NotFound):
        bo.tree("files/annas/v1").remove(["model.db"])
    hidden = transfer(Folder(folder), bo.tree(f"files/{FILES}/v1")).failed
    assert [type(error) for _, error in hidden] == [NotFound]
    made = anna.amend("files/first", "labels.json", lambda _: {"project": "north", "owner": "bo"}) or {}
    assert (made["project"], made["owner"]) == ("north", "anna")
    for name in ("first", "annas"):
        with pytest.raises(NotFound):
            bo.amend(f"files/{name}", "labels.json", lambda _: {"notes": "mine"})
    with people.client("bo") as client:
        assert "annas" not in client.get("/api/store/models").text
        assert client.get("/api/store/models/annas").status_code == 404
    with people.client("anna") as client:
        names = [item["name"] for item in client.get("/api/store/models").json()["items"]]
        assert {"annas", FILES} <= set(names)


def test_content_of_others_is_not_shared_by_naming_it(people: People, tmp_path: Path) -> None:
    anna, bo = store_of(people, "anna", tmp_path), store_of(people, "bo", tmp_path)
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "weights").write_bytes(b"secret weights")
    number = anna.claim("product/P305_all/lstm", "run")
    prefix = f"product/P305_all/lstm/v{number}"
    entries = anna.fill(prefix, {**files(tmp_path, project="north"), "weights": secret / "weights"})
    anna.commit(prefix, entries)
    entry = next(entry for entry in entries if entry.path == "weights")
    assert not bo.tree("files/bos/v1").share(entry, f"{prefix}/weights")
    assert bo.tree("files/bos/v1").entries() == {}
    assert anna.tree("files/shared/v1").share(entry, f"{prefix}/weights")
    assert b"".join(anna.tree("files/shared/v1").read("weights")) == b"secret weights"


def test_what_is_served_to_browsers_is_no_page(people: People, tmp_path: Path) -> None:
    anna = store_of(people, "anna", tmp_path)
    page = tmp_path / "page"
    page.write_text("<script>alert(1)</script>")
    number = anna.claim("product/P306_all/lstm", "run")
    prefix = f"product/P306_all/lstm/v{number}"
    anna.commit(prefix, anna.fill(prefix, {**files(tmp_path), "page.html": page, "page.png": page}))
    with people.client("anna") as client:
        answer = client.get(f"/api/store/content/{prefix}", params={"path": "page.html"})
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
        shown = client.get(f"/api/model-preview/{prefix}", params={"path": "page.png"}).json()
        assert (shown["kind"], json.dumps(shown["text"])) == ("text", json.dumps(page.read_text()))
