"""The registry and the files of models, used on one machine while the store is another's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import Server
from tests.unit.registry.conftest import run
from tidebook import APILocal, ModelFile, list_profiles
from tidebook.core.errors import Conflict, NotFound
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager
from tidebook.store.archiving import archive_tree
from tidebook.store.place import Place
from tidebook.store.transfer import Transferred

__all__ = ["run"]
LINE = "product/P001_all/lstm"


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose store the tests of this module share."""
    started = Server(tmp_path_factory.mktemp("held") / "home", "train:3:0.05").start()
    yield started
    started.stop()


@pytest.fixture
def elsewhere(held: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of its own: another home, and the server as its store."""
    for name, value in (("STORE", held.url), ("TOKEN", held.token), ("HOME", str(tmp_path / "here"))):
        monkeypatch.setenv(f"TIDEBOOK_{name}", value)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


def test_the_registry_publishes_finds_and_opens_versions(held: Server, elsewhere: Path, run: Path) -> None:
    models = ModelManager(Settings())
    metadata = {"description": "from elsewhere", "metrics": {"wape": 0.2}, "project": "default"}
    first = models.publish(run, LINE, metadata)
    assert (str(first), str(models.publish(run, LINE, metadata))) == (f"{LINE}/v1", f"{LINE}/v1")
    second = models.publish(run, LINE, metadata, publish_id="again")
    assert str(second) == f"{LINE}/v2"
    listed = models.list_models()
    assert [item["address"] for item in listed["models"]] == [f"{LINE}/v2", f"{LINE}/v1"]
    assert {item["owner"] for item in listed["models"]} == {"admin"}
    assert models.get(first)["files"] == models.get(second)["files"] or models.get(first)["description"]
    assert (str(models.resolve(LINE)), str(models.resolve(LINE, "v1"))) == (f"{LINE}/v2", f"{LINE}/v1")
    here = models.open(first, "model.pth")
    there = held.home / "saved_models" / LINE / "v1" / "model.pth"
    assert here.read_bytes() == there.read_bytes()
    assert here.is_relative_to(elsewhere.parent / "here" / "cache")
    models.set_alias(first, "production", reason="it is good")
    assert str(models.resolve(LINE, "production")) == f"{LINE}/v1"
    models.label(second, notes="a note", tags={"team": "east"})
    assert (models.item(second)["notes"], models.item(second)["tags"]) == ("a note", {"team": "east"})
    with pytest.raises(Conflict):
        models.delete(first)
    models.delete(first, "it must go", force=True)
    with pytest.raises(NotFound):
        models.get(first)
    with held.client() as client:
        shown = client.get("/api/models").json()["models"]
        assert [(item["address"], item["notes"]) for item in shown] == [(f"{LINE}/v2", "a note")]
    assert models.get_next_version_number("product_P001_all_lstm") == 3


def test_the_tutorial_runs_against_a_server(held: Server, elsewhere: Path) -> None:
    (elsewhere / "model.db").write_bytes(b"weights" * 300_000)
    space = elsewhere / "local_model_workspace"
    (space / "deep").mkdir(parents=True)
    (space / "setup.py").write_text("setup()")
    (space / "deep" / "数据.csv").write_text("a,b\n")

    test = ModelFile(model_name="model_name", version="model_version", center_path=held.url)
    pipe = test.filepipe()
    pipe.import_file("model.db", subdir=None, move=False)
    pipe.import_dir("local_model_workspace", subdir=None, move=False)
    told, names = pipe.scan_local(include="*.py", sortby="mod", attributes=True)
    assert names == ["setup.py"]
    assert told[0]["filename"] == "setup.py"  # type: ignore[index]
    assert pipe.scan_local(sortby="size") == ["deep/数据.csv", "setup.py", "model.db"]
    assert pipe.dir == f"{held.url}/files/model_name/model_version"
    assert pipe.filerepo == f"{held.url}/files/model_name"

    pipe.pull_file("model.db", "model_workspace_path")
    pipe.pull_dir("model_workspace_path")
    pulled = elsewhere / "model_workspace_path"
    assert (pulled / "model.db").read_bytes() == (elsewhere / "model.db").read_bytes()
    assert (pulled / "deep" / "数据.csv").read_text() == "a,b\n"
    assert pipe.config["server"] == held.url
    again = pipe.import_dir("local_model_workspace")
    assert isinstance(again, Transferred)
    assert (len(again.present), again.moved) == (2, [])

    other = ModelFile("model_name", "another", held.url).filepipe()
    shared = other.import_file("model.db")
    assert ([entry.path for entry in shared.shared], shared.moved) == (["model.db"], [])

    pipe.delete_files_local(files=["model.db"], confirm=False, delete_all=None, ignore_errors=False)
    assert pipe.scan_local() == ["deep/数据.csv", "setup.py"]
    assert other.verify() == []

    (elsewhere / "cfg.json").write_text(json.dumps({"server": held.url}))
    profile = APILocal(profile="model_name", filecfg=str(elsewhere / "cfg.json"))
    assert profile.list_local_pipes() == ["another", "model_version"]
    profile.save_settings(pull={"include": "*.csv"})
    assert profile.settings()["pull"] == {"include": "*.csv"}
    assert list(list_profiles()) == ["model_name"]


def test_a_published_version_is_opened_to_be_read(held: Server, elsewhere: Path, run: Path) -> None:
    models = ModelManager(Settings())
    address = models.publish(run, "product/P050_all/lstm", {"description": "to be pulled"})
    pipe = ModelFile("product/P050_all/lstm", f"v{address.version}", held.url).filepipe()
    assert "model.pth" in pipe.scan_local()
    pipe.pull_dir("pulled")
    assert (elsewhere / "pulled" / "model.pth").read_bytes() == models.open(address, "model.pth").read_bytes()
    with pytest.raises(Conflict):
        pipe.import_file("pulled/model.pth")


def test_an_archived_version_comes_back_when_it_is_opened_elsewhere(held: Server, elsewhere: Path, run: Path) -> None:
    models = ModelManager(Settings())
    address = models.publish(run, "product/P060_all/lstm", {"description": "to be archived"})
    place = held.home / "saved_models" / str(address) / "model.pth"
    content = place.read_bytes()
    with pytest.raises(Conflict, match="archived by the server"):
        archive_tree(models.store, str(address), Place(str(elsewhere / "archive")), by=None)
    assert not (elsewhere / "archive").exists()
    with held.client() as client:
        answer = client.post("/api/archive", json={"kind": "version", "id": str(address)})
        assert answer.is_success, answer.text
    assert not place.exists()
    assert models.get(address)["archived"] is not None
    assert not place.exists()
    assert models.open(address, "model.pth").read_bytes() == content
    assert place.read_bytes() == content
    assert models.item(address)["archived"] is None
    with held.client() as client:
        assert client.post("/api/archive", json={"kind": "version", "id": str(address)}).is_success
    ModelFile("product/P060_all/lstm", "latest", held.url).filepipe().pull_dir("pulled")
    assert (elsewhere / "pulled" / "model.pth").read_bytes() == content
