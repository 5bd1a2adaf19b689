"""The files of a model go through the same operations wherever the store is: a folder, S3, or a server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Server
from tests.s3_servers import S3Server, moto
from tidebook import APILocal, ModelFile, list_profiles
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import write_json
from tidebook.store import LocalStore
from tidebook.store.archiving import archive_tree
from tidebook.store.place import Place


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("held") / "home", "train:3:0.05").start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def objects() -> Iterator[S3Server]:
    with moto() as server:
        yield server


@pytest.fixture(params=["folder", "s3", "server"])
def center(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the store is; the working folder has what the tutorial brings to it."""
    monkeypatch.setenv("TIDEBOOK_HOME", str(tmp_path / "home"))
    work = tmp_path / "work"
    (work / "local_model_workspace" / "sub").mkdir(parents=True)
    (work / "model.db").write_bytes(os.urandom(9_000_000))
    (work / "local_model_workspace" / "setup.py").write_text("print()\n")
    (work / "local_model_workspace" / "sub" / "数据.csv").write_text("a,b\n")
    monkeypatch.chdir(work)
    if request.param == "folder":
        return str(tmp_path / "center")
    if request.param == "s3":
        server: S3Server = request.getfixturevalue("objects")
        server.use(monkeypatch)
        return f"s3://{server.new_bucket()}/center"
    http: Server = request.getfixturevalue("held")
    monkeypatch.setenv("TIDEBOOK_TOKEN", http.token)
    return http.url


def test_the_tutorial(center: str, tmp_path: Path) -> None:
    name = f"model_{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:8]}"
    pipe = ModelFile(model_name=name, version="model_version", center_path=center).filepipe()
    pipe.import_file("model.db", subdir=None, move=False)
    pipe.import_dir("local_model_workspace", subdir=None, move=False)
    again = pipe.import_dir("local_model_workspace")
    assert (len(again.present), again.moved, again.digested) == (2, [], False)
    attributes, names = pipe.scan_local(include="*.py|*.db", sortby="size", attributes=True)
    assert names == ["setup.py", "model.db"]
    assert [each["crc"] for each in _dictionaries(attributes)] == [
        hashlib.md5(Path(path).read_bytes(), usedforsecurity=False).hexdigest()
        for path in ("local_model_workspace/setup.py", "model.db")
    ]
    assert pipe.dir == f"{pipe.filerepo}/model_version"
    assert pipe.dir.endswith(f"files/{name}/model_version")
    pipe.pull_file("model.db", "model_workspace_path")
    pulled = pipe.pull_dir("model_workspace_path")
    assert (len(pulled.present), len(pulled.moved), pulled.failed) == (1, 2, [])
    assert Path("model_workspace_path/model.db").read_bytes() == Path("model.db").read_bytes()
    assert Path("model_workspace_path/sub/数据.csv").read_text() == "a,b\n"
    assert pipe.verify() == []
    assert APILocal(profile=name, center_path=center).list_local_pipes() == ["model_version"]
    assert {*list_profiles(center_path=center)[name]} == {"filerepo", "server", "filereporoot", "filedb", "key"}
    assert pipe.config["filled"] is True
    assert pipe.delete_files_local(files=["model.db"], confirm=False) == ["model.db"]
    assert pipe.scan_local() == ["setup.py", "sub/数据.csv"]


def test_another_version_shares_moves_and_is_kept_apart(center: str, tmp_path: Path) -> None:
    name = f"shared_{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:8]}"
    first = ModelFile(name, "v1", center).filepipe()
    first.import_file("model.db")
    second = ModelFile(name, "v2", center).filepipe()
    assert [entry.path for entry in second.import_file("model.db", subdir="weights", move=True).shared] == [
        "weights/model.db"
    ]
    assert not Path("model.db").exists()
    assert first.verify() == second.verify() == []
    second.delete_files_local(delete_all=True, confirm=False)
    assert first.pull_file("model.db", "out").stat().st_size == 9_000_000


@pytest.mark.parametrize(
    "refused",
    [
        lambda center, name: ModelFile(name.upper(), "v1", center).filepipe().import_file("model.db"),
        lambda center, name: ModelFile(name, "V1", center).filepipe().import_file("model.db"),
    ],
)
def test_twins_are_refused(center: str, tmp_path: Path, refused: Callable[[str, str], Any]) -> None:
    name = f"twin_{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:8]}"
    ModelFile(name, "v1", center).filepipe().import_file("model.db")
    with pytest.raises(InvalidInput, match="must differ in more than upper and lower case"):
        refused(center, name)
    with pytest.raises(NotFound):
        ModelFile(name, "v3", center).filepipe().pull_dir("out")


def test_settings_are_kept_with_the_model(center: str, tmp_path: Path) -> None:
    name = f"set_{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:8]}"
    pipe = ModelFile(name, "v1", center).filepipe()
    pipe.import_dir("local_model_workspace")
    APILocal(name, center_path=center).save_settings(pull={"include": "*.py"}, load={"sep": ";"})
    assert APILocal(name, center_path=center).settings() == {"pull": {"include": "*.py"}, "load": {"sep": ";"}}
    assert [entry.path for entry in pipe.pull_dir("out").moved] == ["setup.py"]
    assert APILocal(name, center_path=center).list_local_pipes() == ["v1"]


def _dictionaries(attributes: object) -> list[dict[str, Any]]:
    assert isinstance(attributes, list)
    return attributes


def test_a_version_in_the_archive_is_brought_back_by_the_server_when_it_is_pulled(
    held: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEBOOK_HOME", str(tmp_path / "home"))
    store, line = LocalStore(held.home / "saved_models"), "product/P777_all/lstm"
    prefix = f"{line}/v{store.claim(line, 'run')}"
    made = tmp_path / "made"
    write_json(made / "metadata.json", {"format_version": 1, "description": "archived"})
    (made / "model.pth").write_bytes(os.urandom(5_000_000))
    files = {name: made / name for name in ("metadata.json", "model.pth")}
    store.commit(prefix, store.fill(prefix, files))
    archive_tree(store, prefix, Place(str(held.home / "archive")), by=None)
    assert not (store.root / prefix / "model.pth").exists()
    pipe = ModelFile(line, "v1", held.url, token=held.token).filepipe()
    pulled = pipe.pull_dir(tmp_path / "out")
    assert ([entry.path for entry in pulled.moved], pulled.failed) == (["metadata.json", "model.pth"], [])
    assert (tmp_path / "out" / "model.pth").read_bytes() == (made / "model.pth").read_bytes()
