"""ModelFile, APILocal and list_profiles, as their users know them."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tidebook import APILocal, ModelFile, list_profiles
from tidebook.core.errors import Conflict, InvalidInput, NotFound, StorageFailure
from tidebook.core.files import storage_errors
from tidebook.store import LocalStore, comparing
from tidebook.store.pipe import FilePipe


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A modelling space with a file and a folder, in which the process is."""
    folder = tmp_path / "work"
    (folder / "local_model_workspace" / "layers").mkdir(parents=True)
    (folder / "model.db").write_bytes(b"weights" * 1000)
    (folder / "local_model_workspace" / "setup.py").write_text("print('hello')\n")
    (folder / "local_model_workspace" / "layers" / "first.bin").write_bytes(os.urandom(3000))
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TIDEBOOK_HOME", str(tmp_path / "home"))
    return folder


@pytest.fixture
def pipe(work: Path, tmp_path: Path) -> FilePipe:
    return ModelFile("demand", "v1", tmp_path / "center").filepipe()


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def names(pipe: FilePipe, **how: Any) -> list[str]:
    found = pipe.scan_local(**how)
    assert isinstance(found, list)
    return found


def test_the_tutorial_runs_as_it_is_written(work: Path, tmp_path: Path) -> None:
    test = ModelFile(model_name="model_name", version="model_version", center_path=None)
    pipe = test.filepipe()

    pipe.import_file("model.db", subdir=None, move=False)
    pipe.import_dir("local_model_workspace", subdir=None, move=False)

    scanned = pipe.scan_local(include="*.py", sortby="mod", attributes=True)
    repo = tmp_path / "home" / "saved_models" / "files" / "model_name"
    assert pipe.dir == str(repo / "model_version")
    assert pipe.filerepo == str(repo)
    original = work / "local_model_workspace" / "setup.py"
    attributes, found = scanned
    assert found == ["setup.py"]
    assert attributes == [
        {
            "filename": "setup.py",
            "modified_at": attributes[0]["modified_at"],  # type: ignore[index]
            "size": original.stat().st_size,
            "crc": md5(original.read_bytes()),
        }
    ]
    modified = attributes[0]["modified_at"]
    assert abs(
        modified - datetime.fromtimestamp(original.stat().st_mtime, UTC).astimezone().replace(tzinfo=None)
    ) < timedelta(milliseconds=1)

    pipe.pull_file("model.db", "model_workspace_path")
    pipe.pull_dir("model_workspace_path")
    pulled = work / "model_workspace_path"
    assert (pulled / "model.db").read_bytes() == (work / "model.db").read_bytes()
    assert (pulled / "layers" / "first.bin").read_bytes() == (
        work / "local_model_workspace" / "layers" / "first.bin"
    ).read_bytes()
    assert (pulled / "model.db").stat().st_mtime_ns == (work / "model.db").stat().st_mtime_ns
    assert not (pulled / "manifest.json").exists()

    assert pipe.delete_files_local(files=["model.db"], confirm=False, delete_all=None, ignore_errors=False)
    assert pipe.scan_local() == ["layers/first.bin", "setup.py"]
    assert {*pipe.config} == {"filerepo", "server", "filereporoot", "filled", "key"}

    cfg = work / "cfg.json"
    cfg.write_text(json.dumps({"filereporoot": str(tmp_path / "home" / "saved_models")}))
    assert APILocal(profile="model_name", filecfg=cfg).list_local_pipes() == ["model_version"]
    listed = list_profiles()
    assert list(listed) == ["model_name"]
    assert {*listed["model_name"]} == {"filerepo", "server", "filereporoot", "filedb", "key"}


def test_config_says_where_the_files_are_and_whether_there_are_any(pipe: FilePipe, tmp_path: Path) -> None:
    before = pipe.config
    assert before["filled"] is False
    assert before["server"] == "local"
    assert before["filereporoot"] == str(tmp_path / "center")
    pipe.import_file("model.db")
    assert pipe.config == {**before, "filled": True}
    assert ModelFile("demand", "v2", tmp_path / "center").filepipe().config["key"] != before["key"]


def test_opening_a_model_to_look_registers_nothing(pipe: FilePipe, tmp_path: Path) -> None:
    assert pipe.scan_local() == []
    with pytest.raises(NotFound, match=r"A version must have files, but got files/demand/v1, which has none"):
        pipe.pull_dir("out")
    assert list_profiles(center_path=tmp_path / "center") == {}
    assert not (tmp_path / "center").exists()


def test_a_subfolder_in_the_store_is_made_when_something_goes_there(pipe: FilePipe) -> None:
    pipe.import_file("model.db", subdir="weights/first")
    pipe.import_dir("local_model_workspace", subdir="code")
    assert names(pipe) == ["code/layers/first.bin", "code/setup.py", "weights/first/model.db"]
    assert pipe.pull_file("weights/first/model.db", "here") == Path("here/model.db")
    with pytest.raises(InvalidInput, match="A folder's name must be"):
        pipe.import_file("model.db", subdir="../out")


def test_files_are_found_by_patterns_and_ordered(pipe: FilePipe, work: Path) -> None:
    for name, size, day in (("a-1.csv", 30, 3), ("b.txt", 20, 1), ("sub/a-2.csv", 10, 2)):
        path = work / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        os.utime(path, (day * 86400, day * 86400))
    pipe.import_dir("data")
    assert names(pipe, include="*.csv") == ["a-1.csv", "sub/a-2.csv"]
    assert names(pipe, include="a-1*|b*") == ["a-1.csv", "b.txt"]
    assert names(pipe, include="a-*", exclude="sub/*|none") == ["a-1.csv"]
    assert names(pipe, sortby="size") == ["sub/a-2.csv", "b.txt", "a-1.csv"]
    assert names(pipe, sortby="mod") == ["b.txt", "sub/a-2.csv", "a-1.csv"]
    with pytest.raises(InvalidInput, match=r"sortby must be one of name, mod, size, but got 'modified'"):
        pipe.scan_local(sortby="modified")


def test_a_checksum_is_made_once_for_the_same_content(pipe: FilePipe, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe.import_file("model.db")
    first = pipe.scan_local(attributes=True)
    monkeypatch.setattr(type(pipe.tree), "read", lambda *_: pytest.fail("read again"))
    assert pipe.scan_local(attributes=True) == first


def test_a_file_that_is_put_there_by_hand_is_there(pipe: FilePipe, work: Path) -> None:
    pipe.import_file("model.db")
    (Path(pipe.dir) / "by hand.txt").write_text("hello")
    attributes, found = pipe.scan_local(attributes=True)
    assert found == ["by hand.txt", "model.db"]
    assert attributes[0]["crc"] == md5(b"hello")  # type: ignore[index]
    assert pipe.entries()["by hand.txt"].digest.startswith("blake3:")
    assert pipe.verify() == []
    pipe.pull_dir("out")
    assert (work / "out" / "by hand.txt").read_text() == "hello"


def test_a_file_that_was_changed_or_removed_by_hand_is_told(pipe: FilePipe) -> None:
    pipe.import_dir("local_model_workspace")
    (Path(pipe.dir) / "setup.py").write_text("cut")
    (Path(pipe.dir) / "layers" / "first.bin").unlink()
    assert pipe.verify() == ["layers/first.bin is missing", "setup.py has changed"]
    assert len(pipe.import_dir("local_model_workspace").moved) == 2
    assert pipe.verify() == []
    pipe.delete_files_local(["setup.py"], confirm=False)
    assert pipe.verify() == []


def test_a_folder_that_holds_the_store_is_not_brought_into_it(work: Path) -> None:
    with pytest.raises(InvalidInput, match="A folder must not hold the store that it is brought to"):
        ModelFile("demand", "v1", work / "center").filepipe().import_dir(work)


def test_an_empty_folder_leaves_no_version(pipe: FilePipe, work: Path, tmp_path: Path) -> None:
    (work / "nothing").mkdir()
    assert pipe.import_dir("nothing", move=True).entries == {}
    assert not (tmp_path / "center").exists()


def test_pulling_says_beforehand_what_it_would_replace(pipe: FilePipe, work: Path) -> None:
    pipe.import_dir("local_model_workspace")
    pipe.pull_dir("out")
    assert pipe.replaced_by_pull("out") == []
    (work / "out" / "setup.py").write_text("print('hallo')\n")
    assert pipe.replaced_by_pull("out") == ["setup.py"]
    assert pipe.replaced_by_pull("out", include="*.bin") == []
    assert pipe.pull_dir("out").replaced == ["setup.py"]


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_the_home_is_named_only_where_it_is_what_cannot_be_written(code: int, work: Path, tmp_path: Path) -> None:
    for folder, named in ((tmp_path / "home" / "cache", True), (work / "out", False)):
        with pytest.raises(StorageFailure) as refused, storage_errors(folder):
            raise OSError(code, os.strerror(code), str(folder))
        assert ("TIDEBOOK_HOME" in refused.value.fix) == named


def test_moving_removes_the_originals_and_what_is_empty_then(pipe: FilePipe, work: Path) -> None:
    (work / "local_model_workspace" / ".hidden").write_text("mine")
    moved = pipe.import_dir("local_model_workspace", move=True)
    assert [entry.path for entry in moved.moved] == ["layers/first.bin", "setup.py"]
    assert [path.name for path in (work / "local_model_workspace").iterdir()] == [".hidden"]
    pipe.import_file("model.db", move=True)
    assert not (work / "model.db").exists()
    assert pipe.verify() == []


def test_what_is_there_already_is_compared_before_its_original_is_removed(pipe: FilePipe, work: Path) -> None:
    pipe.import_file("model.db")
    stored = Path(pipe.dir) / "model.db"
    state = stored.stat()
    stored.write_bytes(b"x" + stored.read_bytes()[1:])
    os.utime(stored, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(Conflict, match="must have the digest"):
        pipe.import_file("model.db", move=True)
    assert (work / "model.db").exists()


def test_deleting_asks_a_person_and_takes_all_or_nothing(pipe: FilePipe) -> None:
    pipe.import_dir("local_model_workspace")
    with pytest.raises(NotFound, match=r"setup\.pi in files/demand/v1\. Did you mean setup\.py"):
        pipe.delete_files_local(["setup.py", "setup.pi"], confirm=False)
    assert len(names(pipe)) == 2
    asked: list[str] = []

    def no(question: str) -> str:
        asked.append(question)
        return "n"

    assert pipe.delete_files_local("setup.py", ask=no) == []
    assert asked == ["Delete 1 files of files/demand/v1? [y/N] "]
    assert pipe.delete_files_local(["setup.py", "none"], confirm=False, ignore_errors=True) == ["setup.py"]
    with pytest.raises(InvalidInput, match="must be said which files"):
        pipe.delete_files_local(confirm=False)
    assert pipe.delete_files_local(delete_all=True, ask=lambda _: "y") == ["layers/first.bin"]
    assert pipe.scan_local() == []
    assert not (Path(pipe.dir) / "layers").exists()


def test_deleting_without_anybody_to_ask_says_so(pipe: FilePipe) -> None:
    pipe.import_file("model.db")

    def nobody(_: str) -> str:
        raise EOFError

    with pytest.raises(InvalidInput, match="A person must confirm"):
        pipe.delete_files_local(["model.db"], ask=nobody)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a\0b", "x" * 300, ".hidden", "labels.json", "a\\b", " padded ", "line\nbreak", "\ud800"]
)
def test_names_that_cannot_be_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        ModelFile(name, "v1", tmp_path)
    with pytest.raises(InvalidInput):
        ModelFile("model", name, tmp_path)
    with pytest.raises(InvalidInput):
        APILocal(name, center_path=tmp_path)


@pytest.mark.parametrize("name", ["a/b", "../x", "/etc", "product/../../x/y"])
def test_a_slash_is_for_versions_of_the_registry(name: str, tmp_path: Path) -> None:
    rule = "A model's address must be" if name.startswith("product/") else "The name of a model must be"
    with pytest.raises(InvalidInput, match=rule):
        ModelFile(name, "v1", tmp_path)
    with pytest.raises(InvalidInput):
        ModelFile("model", name, tmp_path)


@pytest.mark.parametrize("name", ["需求预测", "模型 🚀", "demand model (2)", "ñandú"])
def test_people_name_models_in_their_language(name: str, work: Path, tmp_path: Path) -> None:
    pipe = ModelFile(name, f"版本-{name}", tmp_path / "center").filepipe()
    pipe.import_file("model.db", subdir="权重 🎯")
    assert APILocal(name, center_path=tmp_path / "center").list_local_pipes() == [f"版本-{name}"]
    assert pipe.pull_file("权重 🎯/model.db", "out").read_bytes() == (work / "model.db").read_bytes()
    assert list(list_profiles(center_path=tmp_path / "center")) == [name]


def test_twins_by_case_are_refused(pipe: FilePipe, work: Path, tmp_path: Path) -> None:
    pipe.import_file("model.db")
    for name, version in (("Demand", "v1"), ("demand", "V1")):
        with pytest.raises(InvalidInput, match="must differ in more than upper and lower case"):
            ModelFile(name, version, tmp_path / "center").filepipe().import_file("model.db")
    (work / "twins").mkdir()
    (work / "twins" / "Model.DB").write_text("x")
    (work / "twins" / "other").write_text("x")
    result = pipe.import_dir("twins")
    assert [entry.path for entry in result.moved] == ["other"]
    assert [(path, str(error)) for path, error in result.failed] == [
        (
            "Model.DB",
            "Files of a tree must differ in more than upper and lower case, but got Model.DB beside model.db. "
            "Rename one of the two: some machines take them for one.",
        )
    ]


def test_a_version_of_the_registry_is_read_and_never_changed(work: Path, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "center")
    line = "product/P001_all/lstm"
    for content in ("one", "two"):
        (work / "model.pth").write_text(content)
        prefix = f"{line}/v{store.claim(line, content)}"
        store.commit(prefix, store.fill(prefix, {"model.pth": work / "model.pth"}))
    store.amend(line, "aliases.json", lambda _: {"format_version": 1, "aliases": {"production": {"version": "v1"}}})
    for name, version, content in (
        (line, "v2", "two"),
        (line, 1, "one"),
        (line, "latest", "two"),
        (line, "production", "one"),
        (f"{line}@production", "v2", "one"),
    ):
        pipe = ModelFile(name, version, tmp_path / "center").filepipe()
        assert pipe.pull_file("model.pth", "out").read_text() == content
        assert pipe.verify() == []
    for change in (
        lambda: pipe.import_file("model.db"),
        lambda: pipe.import_dir("local_model_workspace"),
        lambda: pipe.delete_files_local(["model.pth"], confirm=False),
    ):
        with pytest.raises(Conflict, match="A version is written once and never changed"):
            change()
    with pytest.raises(NotFound):
        ModelFile(line, "v9", tmp_path / "center").filepipe().pull_dir("out")
    missing = ModelFile(line, "v9", tmp_path / "center").filepipe()
    for look in (missing.scan_local, missing.entries, missing.verify, lambda: comparing.status(missing, work)):
        with pytest.raises(NotFound, match=r"The version must exist.*v9.* Did you mean v2 or v1"):
            look()
    with pytest.raises(InvalidInput, match="Which version is the best one, the registry says"):
        ModelFile(line, "best", tmp_path / "center").filepipe()
    store = LocalStore(tmp_path / "center")
    store.amend(line, "aliases.json", lambda _: {"aliases": {"v7": {"version": "v1"}, "fine": {"version": "v1"}}})
    assert ModelFile(line, "v7", tmp_path / "center").filepipe().version == "v7"  # No alias can be called that.
    assert ModelFile(line, "fine", tmp_path / "center").filepipe().version == "v1"
    with pytest.raises(InvalidInput, match=r"must be v\{N\}, an alias, or latest"):
        ModelFile(line, "canary", tmp_path / "center").filepipe()


def test_a_configuration_says_where_each_profile_lies(work: Path, tmp_path: Path) -> None:
    cfg = work / "cfg.json"
    cfg.write_text(json.dumps({"default": {"filereporoot": "one"}, "special": {"filereporoot": str(tmp_path / "two")}}))
    ModelFile("plain", "v1", filecfg=cfg).filepipe().import_file("model.db")
    ModelFile("special", "v1", filecfg=str(cfg)).filepipe().import_file("model.db")
    assert (work / "one" / "files" / "plain" / "v1" / "model.db").is_file()
    assert (tmp_path / "two" / "files" / "special" / "v1" / "model.db").is_file()
    assert APILocal("special", cfg).list_local_pipes() == ["v1"]
    assert list(list_profiles(filecfg=cfg)) == ["plain"]
    assert list(list_profiles(work / "one")) == ["plain"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cfg.json must be JSON"),
        ("[]", "cfg.json must be a JSON object"),
        ("{}", "must say where the store is"),
        ('{"server": "local"}', "must say where the store is"),
        ('{"filereporoot": "ftp://x/y"}', "A store must be a folder"),
    ],
)
def test_a_configuration_that_says_nothing_is_refused(content: str, message: str, work: Path) -> None:
    (work / "cfg.json").write_text(content)
    with pytest.raises(InvalidInput, match=message):
        APILocal("demand", "cfg.json")
    with pytest.raises(NotFound, match="The configuration must exist"):
        APILocal("demand", "none.json")


def test_settings_for_pulling_and_loading_are_kept_with_the_model(pipe: FilePipe, work: Path, tmp_path: Path) -> None:
    api = APILocal("demand", center_path=tmp_path / "center")
    with pytest.raises(NotFound):
        api.save_settings(load={"sep": ";"})
    pipe.import_dir("local_model_workspace")
    api.save_settings(load={"sep": ";"})
    assert api.save_settings(pull={"include": "*.py"}) == {"pull": {"include": "*.py"}, "load": {"sep": ";"}}
    assert APILocal("demand", center_path=tmp_path / "center").settings()["load"] == {"sep": ";"}
    assert [entry.path for entry in pipe.pull_dir("out").moved] == ["setup.py"]
    assert [entry.path for entry in pipe.pull_dir("all", include="*").moved] == ["layers/first.bin", "setup.py"]
    assert api.list_local_pipes() == ["v1"]
    assert Path(list_profiles(center_path=tmp_path / "center")["demand"]["filedb"]).is_file()
    with pytest.raises(InvalidInput, match="Settings for pulling must be include or exclude"):
        api.save_settings(pull={"where": "x"})


def test_a_file_of_another_time_and_the_same_content_is_whole(pipe: FilePipe) -> None:
    pipe.import_dir("local_model_workspace")
    for path in pipe.entries():
        os.utime(Path(pipe.dir, path), (1, 1))  # as a copy without times has it
    assert pipe.verify() == []
    Path(pipe.dir, "setup.py").write_text("print('jello')\n")
    assert pipe.verify() == ["setup.py has changed"]
    for path in pipe.entries():
        Path(pipe.dir, path).unlink()
    assert pipe.verify() == ["layers/first.bin is missing", "setup.py is missing"]


def test_a_version_that_never_was_is_no_empty_one(pipe: FilePipe, work: Path, tmp_path: Path) -> None:
    pipe.import_file("model.db")
    other = ModelFile("demand", "v2", tmp_path / "center").filepipe()
    assert other.entries() == {}
    for look in (
        lambda: comparing.status(other, work),
        lambda: comparing.diff(pipe, other),
        lambda: other.pull_dir("out"),
        other.verify,
    ):
        with pytest.raises(NotFound, match=r"files/demand/v2, which has none. Did you mean v1\?"):
            look()
    other.import_file("model.db")
    assert [row["status"] for row in comparing.diff(pipe, other)] == ["same"]
