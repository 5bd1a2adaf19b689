"""What every store does, whatever keeps its bytes. A new kind of store is one line in `stores`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from tests.integration.conftest import Server
from tests.s3_servers import S3Server, ceph, moto, rclone
from tidebook.abc import FileEntry, Store
from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.store import LocalStore, verify
from tidebook.store.http_store import HttpStore
from tidebook.store.objects import ObjectStore
from tidebook.store.trees.local import Folder

LINE = "product/P001_all/lstm"
Make = Callable[[], Store]  #: another object for the same store, as another process would have


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with moto() as server:
        yield server


@pytest.fixture(scope="module")
def careless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server that ignores conditions."""
    with rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="module")
def distributed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Ceph, where it is installed; TIDEBOOK_TEST_REQUIRE=s3 says that it must be."""
    if shutil.which("radosgw") is None:
        assert "s3" not in os.environ.get("TIDEBOOK_TEST_REQUIRE", "").split(), "radosgw must be installed"
        pytest.skip("radosgw is not installed")
    with ceph(tmp_path_factory.mktemp("ceph")) as server:
        yield server


@pytest.fixture(scope="module")
def tidebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Tidebook server, whose store is emptied before each test."""
    server = Server(tmp_path_factory.mktemp("server") / "home", "train:3:0.05").start()
    yield server
    server.stop()


CEPH = pytest.param("s3 of Ceph", marks=pytest.mark.xdist_group("ceph"))  # which takes a while to start


KEEPERS = ["folder", "s3", CEPH, "s3 that ignores conditions"]  #: of any record; a server has rules for each of its own


@pytest.fixture(params=[*KEEPERS, "server"])
def make(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    if request.param == "folder":
        return lambda: LocalStore(tmp_path / "store")
    if request.param == "server":
        tidebook: Server = request.getfixturevalue("tidebook")
        shutil.rmtree(tidebook.home / "saved_models", ignore_errors=True)
        return lambda: HttpStore(tidebook.url, tidebook.token, cache=tmp_path / "cache", patience=10)
    careful = request.param != "s3 that ignores conditions"
    servers = {"s3 of Ceph": "distributed", "s3 that ignores conditions": "careless"}
    server = request.getfixturevalue(servers.get(request.param, "s3"))
    server.use(monkeypatch)
    url = f"s3://{server.new_bucket()}/models"
    return lambda: ObjectStore(url, tmp_path / "cache", alone=None if careful else tmp_path / "locks")


@pytest.fixture
def store(make: Make) -> Store:
    return make()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "a.json").write_text('{"x": 1}')
    (folder / "b.bin").write_bytes(os.urandom(300_000))
    (folder / "empty").touch()
    return {"metadata.json": folder / "a.json", "sub/model.pth": folder / "b.bin", "empty": folder / "empty"}


def put(store: Store, files: dict[str, Path], owner: str = "run", line: str = LINE) -> str:
    prefix = f"{line}/v{store.claim(line, owner)}"
    store.commit(prefix, store.fill(prefix, files))
    return prefix


def test_a_tree_exists_from_its_manifest_on_and_not_before(store: Store, files: dict[str, Path]) -> None:
    prefix = f"{LINE}/v{store.claim(LINE, 'run')}"
    entries = store.fill(prefix, files)
    assert list(store.trees()) == []
    with pytest.raises(NotFound, match=r"but got product/P001_all/lstm/v1, which is not complete"):
        store.manifest(prefix)
    store.commit(prefix, entries)
    assert list(store.trees()) == list(store.trees("product")) == [prefix]
    assert list(store.trees("store")) == []
    assert list(store.lines()) == [LINE]


def test_the_manifest_tells_path_size_time_and_digest(store: Store, files: dict[str, Path]) -> None:
    manifest = store.manifest(put(store, files))
    assert (manifest["format_version"], manifest["owner"]) == (1, "run")
    assert [entry["path"] for entry in manifest["files"]] == ["empty", "metadata.json", "sub/model.pth"]
    there = Folder(files["sub/model.pth"].parent).entries()["b.bin"]
    told = manifest["files"][2]
    assert (told["size"], told["mtime"]) == (there.size, there.mtime)
    assert told["digest"].startswith("blake3:")


def test_what_was_put_in_comes_out(store: Store, files: dict[str, Path]) -> None:
    prefix = put(store, files)
    for path, source in files.items():
        assert store.open(prefix, path).read_bytes() == source.read_bytes()
    folder = store.folder(prefix)
    assert {path: (folder / path).read_bytes() for path in files} == {
        path: source.read_bytes() for path, source in files.items()
    }
    assert verify(store, prefix) == []
    with pytest.raises(NotFound, match="got other.json in product/P001_all/lstm/v1. It holds empty, metadata.json"):
        store.open(prefix, "other.json")


def test_numbers_ascend_and_each_owner_has_one(make: Make, files: dict[str, Path]) -> None:
    store = make()
    assert store.newest(LINE) == 0
    assert store.claimed(LINE, "a") is None
    assert store.claim(LINE, "a") == 1
    assert make().claim(LINE, "b") == 2
    assert make().claim(LINE, "a") == 1
    assert (store.claimed(LINE, "a"), store.claimed(LINE, "b"), store.claimed(LINE, "c")) == (1, 2, None)
    assert store.claim(LINE, "c", above=7) == 8
    assert store.newest(LINE) == 8
    with pytest.raises(InvalidInput, match="Names in the store must differ in more than upper and lower case"):
        store.claim("product/p001_all/lstm", "a")


def test_a_number_is_given_once_however_many_ask_at_once(make: Make) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda owner: make().claim(LINE, f"run-{owner}"), range(24)))
    assert sorted(numbers) == list(range(1, 25))
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: make().claim(LINE, "run-3"), range(4))) == {numbers[3]}


def test_a_deleted_tree_is_gone_and_its_number_is_not_given_again(make: Make, files: dict[str, Path]) -> None:
    store = make()
    first, second = put(store, files, "a"), put(store, files, "b")
    deleted(store, second, "a test")
    assert list(make().trees()) == [first]
    for look in (store.manifest, store.folder, lambda prefix: store.open(prefix, "empty")):
        with pytest.raises(NotFound, match=r"lstm/v2, which was deleted at .* \(a test\)"):
            look(second)
    deleted(store, second, "again")
    assert store.claimed(LINE, "b") is None
    assert (store.newest(LINE), store.claim(LINE, "b")) == (2, 3)
    assert list(store.lines()) == [LINE]
    with pytest.raises(NotFound, match="v9, which does not exist"):
        deleted(store, f"{LINE}/v9", "a test")


@pytest.mark.parametrize(
    "path",
    [
        *("manifest.json", "labels.json", ".claim", "labels.json/x"),
        *("/manifest.json", "/labels.json", "/model.pth", "//model.pth", "./labels.json", "a//b", "a/../labels.json"),
        *("../out", "..", "a/", "", "a/.hidden", "a\0b"),
    ],
)
def test_no_file_of_a_tree_takes_a_name_that_is_none_or_the_store_s_own(
    store: Store, files: dict[str, Path], tmp_path: Path, path: str
) -> None:
    prefix = f"{LINE}/v{store.claim(LINE, 'one')}"
    with pytest.raises(InvalidInput):
        store.fill(prefix, {path: files["empty"]})
    source = Folder(tmp_path / "there")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "file").write_bytes(b"{}")
    for tree in (store.tree(prefix), store.tree("files/demand/v1")):
        with pytest.raises((InvalidInput, NotFound)):
            tree.take(source, source.entries()["file"], path)
        assert tree.entries() == {}
    assert list(store.trees()) == []


def test_a_tree_is_written_once(store: Store, files: dict[str, Path], tmp_path: Path) -> None:
    prefix = put(store, files)
    with pytest.raises(Conflict, match="A version is written once and never changed"):
        store.fill(prefix, files)
    with pytest.raises(Conflict, match="A version is written once and never changed"):
        store.commit(prefix, [])
    unfinished = f"{LINE}/v{store.claim(LINE, 'other')}"
    missing = FileEntry("absent", 3, "2026-01-01T00:00:00+00:00", "blake3:00")
    with pytest.raises(Conflict, match="A tree must hold what its manifest says"):
        store.commit(unfinished, [missing])
    with pytest.raises(NotFound, match="A file must exist to be stored"):
        store.fill(unfinished, {**files, "x": tmp_path / "none"})
    assert store.tree(unfinished).entries() == {}
    assert list(store.trees()) == [prefix]


def test_the_same_content_in_the_next_version_comes_out_as_well(store: Store, files: dict[str, Path]) -> None:
    first = put(store, files, "a")
    second = put(store, files, "b")
    assert store.open(second, "sub/model.pth").read_bytes() == files["sub/model.pth"].read_bytes()
    deleted(store, first, "a test")
    assert verify(store, second) == []


@pytest.mark.parametrize("make", KEEPERS, indirect=True)
def test_records_are_read_replaced_and_removed(make: Make, files: dict[str, Path]) -> None:
    store = make()
    prefix = put(store, files)
    assert store.record(prefix, "labels.json") is None
    assert store.amend(prefix, "labels.json", lambda before: {"was": before}) == {"was": None}
    assert make().amend(prefix, "labels.json", lambda before: {"was": before}) == {"was": {"was": None}}
    assert store.amend(prefix, "labels.json", lambda before: None) is None
    assert store.record(prefix, "labels.json") is None
    assert store.amend(prefix, "labels.json", lambda before: {"was": before}) == {"was": None}
    assert store.amend("", "versions.json", lambda before: {"n": 1}) == make().record("", "versions.json") == {"n": 1}
    with pytest.raises(NotFound, match="It must exist to be changed"):
        store.amend("product/none", "labels.json", lambda before: {})
    with pytest.raises(InvalidInput):
        store.record(prefix, "../labels.json")


@pytest.mark.parametrize("make", KEEPERS, indirect=True)
def test_no_change_of_a_record_is_lost_however_many_change_it(make: Make) -> None:
    def count(before: dict[str, Any] | None) -> dict[str, Any]:
        return {"n": (before or {"n": 0})["n"] + 1}

    make().amend("", "counted.json", count)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: make().amend("", "counted.json", count), range(30)))
    assert make().record("", "counted.json") == {"n": 31}


def test_a_workspace_is_of_one_at_a_time(make: Make) -> None:
    store = make()
    with store.workspace("a") as folder:
        (folder / "made").touch()
        with pytest.raises(Conflict, match="One process at a time"), make().workspace("a"):
            pass
        with store.workspace("b"):
            pass
    assert not folder.exists()


@pytest.mark.parametrize("prefix", ["../x", "a/../b", "a//b", "/a", "a\0b", "a/" + "x" * 300])
def test_names_that_lead_elsewhere_are_refused(store: Store, prefix: str) -> None:
    for look in (store.manifest, store.tree, store.newest, store.folder):
        with pytest.raises(InvalidInput):
            look(prefix)


# ---- trees


def test_a_tree_takes_lists_reads_and_removes_files(store: Store, tmp_path: Path) -> None:
    source = Folder(tmp_path / "source")
    contents = {"a.txt": b"one", "deep/er/b.bin": os.urandom(70_000), "中文.txt": "你好".encode(), "nothing": b""}
    for path, content in contents.items():
        (source.root / path).parent.mkdir(parents=True, exist_ok=True)
        (source.root / path).write_bytes(content)
    tree = store.tree("files/demo/v1")
    assert tree.entries() == {}
    offered = source.entries()
    taken = {path: tree.take(source, entry) for path, entry in offered.items()}
    listed = tree.entries()
    assert sorted(listed) == sorted(contents)
    for path, content in contents.items():
        assert b"".join(tree.read(path)) == content
        assert b"".join(tree.read(path, 2)) == content[2:]
        assert (listed[path].size, listed[path].mtime) == (len(content), offered[path].mtime)
        assert taken[path].digest.startswith("blake3:")
    tree.keep(taken)
    assert store.tree("files/demo/v1").entries() == taken
    assert tree.remove(["a.txt", "absent"]) == ["a.txt"]
    assert "a.txt" not in store.tree("files/demo/v1").entries()
    with pytest.raises(NotFound):
        list(tree.read("a.txt"))
    assert list(store.trees()) == []


def test_what_is_taken_must_be_what_was_promised(store: Store, tmp_path: Path) -> None:
    source = Folder(tmp_path / "source")
    source.root.mkdir()
    (source.root / "a").write_bytes(b"content")
    tree = store.tree("files/demo/v1")
    good = tree.take(source, source.entries()["a"])
    wrong = FileEntry("a", 7, good.mtime, "blake3:" + "0" * 64)
    with pytest.raises(Conflict):
        tree.take(source, wrong)
    with pytest.raises(Conflict):
        tree.take(source, FileEntry("a", 8, good.mtime, good.digest))
    assert b"".join(tree.read("a")) == b"content"
    for name in ("manifest.json", ".hidden", "../a", "a/.b"):
        with pytest.raises(InvalidInput):
            tree.take(source, good, name)


def test_content_that_is_held_is_shared(store: Store, tmp_path: Path) -> None:
    source = Folder(tmp_path / "source")
    source.root.mkdir()
    (source.root / "a").write_bytes(b"content")
    entry = store.tree("files/demo/v1").take(source, source.entries()["a"])
    tree = store.tree("files/demo/v2")
    if tree.share(entry, "files/demo/v1/a"):
        assert b"".join(tree.read("a")) == b"content"
    assert not tree.share(FileEntry("b", 8, entry.mtime, entry.digest), "files/demo/v1/a")
    assert not tree.share(entry, "files/demo/v1/absent")


def test_a_file_that_changed_is_not_what_was_kept_of_it(store: Store, tmp_path: Path) -> None:
    source = Folder(tmp_path / "source")
    source.root.mkdir()
    (source.root / "a").write_bytes(b"content")
    tree = store.tree("files/demo/v1")
    before = tree.take(source, source.entries()["a"])
    tree.keep({"a": before})
    (source.root / "a").write_bytes(b"CONTENT")
    after = tree.take(source, source.entries()["a"])
    assert tree.entries()["a"].digest in {"", after.digest}


def test_a_version_is_not_written_to_as_files(store: Store, files: dict[str, Path]) -> None:
    prefix = put(store, files)
    tree = store.tree(prefix)
    assert sorted(tree.entries()) == sorted(files)
    assert {path: entry.digest for path, entry in tree.entries().items()} == {
        entry["path"]: entry["digest"] for entry in store.manifest(prefix)["files"]
    }
    with pytest.raises(Conflict):
        tree.keep({})


def deleted(store: Store, prefix: str, reason: str) -> None:
    """Deletes a version, of whatever use it is."""
    if isinstance(store, HttpStore):
        store.delete(prefix, reason, force=True)
    else:
        store.delete(prefix, reason)


class Meanwhile:
    """A tree of one file, while which is read something else is done."""

    url = "a test"

    def __init__(self, content: bytes, work: Callable[[], None]) -> None:
        self._content, self._work = content, work

    def entries(self) -> dict[str, FileEntry]:
        digest = f"blake3:{blake3(self._content).hexdigest()}"
        when = "2026-01-01T00:00:00.000000+00:00"
        return {"model.pth": FileEntry("model.pth", len(self._content), when, digest)}

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        yield self._content[start:1]
        self._work()
        yield self._content[max(start, 1) :]

    def take(self, source: Any, entry: FileEntry, path: str | None = None) -> FileEntry:
        raise NotImplementedError

    def share(self, entry: FileEntry, held: str) -> bool:
        raise NotImplementedError

    def remove(self, paths: Any) -> list[str]:
        raise NotImplementedError

    def keep(self, entries: Any) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("size", [20, (8 << 20) + 1])
def test_a_file_that_is_on_its_way_at_the_commit_does_not_change_the_version(
    make: Make, tmp_path: Path, size: int
) -> None:
    store = make()
    prefix = f"{LINE}/v{store.claim(LINE, 'a')}"
    (tmp_path / "model.pth").write_bytes(bytes(size))
    (tmp_path / "metadata.json").write_text('{"format_version": 1}')
    entries = store.fill(prefix, {name: tmp_path / name for name in ("metadata.json", "model.pth")})
    source = Meanwhile(b"x" * size, lambda: store.commit(prefix, entries))
    with pytest.raises(Conflict, match="written once"):
        store.tree(prefix).take(source, source.entries()["model.pth"])
    assert verify(make(), prefix) == []
    same = Meanwhile(bytes(size), lambda: None)  # What it holds anyway may be put back, as from the archive.
    if not isinstance(store, HttpStore):
        store.tree(prefix).take(same, same.entries()["model.pth"])
    assert verify(make(), prefix) == []


@pytest.mark.parametrize("make", KEEPERS, indirect=True)
def test_the_first_record_of_something_new_is_made_once(make: Make) -> None:
    place = ("files/new", "labels.json")
    with pytest.raises(NotFound):
        make().amend(*place, lambda before: {"owner": "anna"})
    first = make().amend(*place, lambda before: before or {"owner": "anna"}, make=True)
    second = make().amend(*place, lambda before: before or {"owner": "bo"}, make=True)
    assert first == second == {"owner": "anna"}
    with pytest.raises(InvalidInput, match="Names in the store must differ"):
        make().amend("files/New", "labels.json", lambda before: {"owner": "bo"}, make=True)


def test_no_number_is_given_that_versions_cannot_have(make: Make) -> None:
    store = make()
    with pytest.raises((Conflict, InvalidInput), match="The number of a version must be at most"):
        store.claim(LINE, "a", above=999_999_998 if isinstance(store, HttpStore) else 999_999_999)
    assert store.claim(LINE, "b") == 1
