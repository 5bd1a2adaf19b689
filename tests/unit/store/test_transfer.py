"""Push and pull between trees: what moves, what is shared, what is refused, and what a fault leaves."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.writes import full, watch
from tidebook.abc import FileEntry
from tidebook.core import syncing
from tidebook.core.errors import Conflict, InvalidInput, NotFound, StorageFailure
from tidebook.store import LocalStore
from tidebook.store.model_file import ModelFile
from tidebook.store.pipe import FilePipe
from tidebook.store.transfer import GIVE_UP, Transferred, transfer
from tidebook.store.trees.local import Folder, LocalTree

BIG = 9 << 20  #: bytes, so many that what came of a file is kept when its source breaks off


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "sub").mkdir(parents=True)
    (folder / "small.txt").write_text("small")
    (folder / "empty").touch()
    (folder / "sub" / "large.bin").write_bytes(os.urandom(3_000_000))
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    return folder


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEBOOK_HOME", str(tmp_path / "home"))


def paths(entries: list[FileEntry]) -> list[str]:
    return [entry.path for entry in entries]


def version(store: LocalStore, name: str) -> FilePipe:
    return ModelFile("demand", name, store.root).filepipe()


def hidden(root: Path) -> list[str]:
    return [path.name for path in root.rglob(".*")]


def test_only_what_differs_moves(source: Path, store: LocalStore) -> None:
    tree = store.tree("files/demand/v1")
    first = transfer(Folder(source), tree)
    assert paths(first.moved) == ["empty", "run.sh", "small.txt", "sub/large.bin"]
    assert first.bytes == sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    tree.keep(first.entries)
    again = transfer(Folder(source), tree)
    assert again == Transferred(present=first.moved)
    (source / "small.txt").write_text("SMALL")
    third = transfer(Folder(source), tree)
    assert (paths(third.moved), len(third.present)) == (["small.txt"], 3)
    assert (Path(tree.url) / "small.txt").read_text() == "SMALL"
    assert (Path(tree.url) / "run.sh").stat().st_mode & 0o777 == 0o755
    assert hidden(store.root) == []


def test_what_was_only_touched_is_read_and_not_sent(source: Path, store: LocalStore) -> None:
    pipe = version(store, "v1")
    pipe.import_dir(source)
    os.utime(source / "sub" / "large.bin", (1, 1))
    touched = pipe.import_dir(source)
    assert (touched.moved, touched.digested, len(touched.present)) == ([], True, 4)
    assert not pipe.import_dir(source).digested


def test_files_named_move_and_may_get_other_names(source: Path, store: LocalStore) -> None:
    tree = store.tree("files/demand/v1")
    named = transfer(Folder(source), tree, ["small.txt", "none"])
    assert paths(named.moved) == ["small.txt"]
    assert [(path, type(error)) for path, error in named.failed] == [("none", NotFound)]
    assert paths(transfer(Folder(source), tree, {"small.txt": "a/b/c.txt"}).moved) == ["a/b/c.txt"]
    assert {*tree.entries()} == {"small.txt", "a/b/c.txt"}


def test_progress_ends_with_all_bytes(source: Path, store: LocalStore) -> None:
    told: list[tuple[int, int, str]] = []
    transfer(Folder(source), store.tree("files/demand/v1"), progress=lambda *at: told.append(at))
    total = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())
    assert told[-1][:2] == (total, total)
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


def test_links_and_devices_are_told_and_never_followed(source: Path, store: LocalStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (source / "link").symlink_to(tmp_path / "secret")
    (source / "folder link").symlink_to(tmp_path)
    os.mkfifo(source / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(source / "socket"))
    listener.close()
    pipe = version(store, "v1")
    result = pipe.import_dir(source)
    assert len(result.moved) == 4
    assert {path: error.got for path, error in result.failed} == {
        "folder link": "folder link, which is a link",
        "link": "link, which is a link",
        "pipe": "pipe, which is a pipe",
        "socket": "socket, which is a socket",
    }
    for name in ("link", "pipe", "sub"):
        with pytest.raises(InvalidInput, match="Only regular files can be stored"):
            pipe.import_file(source / name)
    taken = transfer(Folder(source), store.tree("files/demand/v1"), ["folder link/secret"])
    assert isinstance(taken.failed[0][1], NotFound)
    with pytest.raises(InvalidInput, match="A path must stay inside its folder"):
        next(Folder(source).read("folder link/secret"))


def test_names_that_are_no_text_are_told(source: Path, store: LocalStore) -> None:
    Path(os.fsdecode(os.fsencode(source) + b"/caf\xe9")).write_text("latin-1")
    (source / "two\nlines").write_text("x")
    (source / "naïve 文件 🎯").write_text("fine")
    result = version(store, "v1").import_dir(source)
    assert {path: type(error) for path, error in result.failed} == {
        "caf?": InvalidInput,
        "two\nlines": InvalidInput,
    }
    assert "naïve 文件 🎯" in paths(result.moved)


def test_names_that_the_store_uses_are_refused_by_name(source: Path, store: LocalStore) -> None:
    (source / "manifest.json").write_text("{}")
    (source / "sub" / "manifest.json").write_text("{}")
    result = version(store, "v1").import_dir(source)
    assert [path for path, _ in result.failed] == ["manifest.json"]
    assert "sub/manifest.json" in paths(result.moved)


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "a\0b", ".hidden", "a/.hidden/b", "x" * 300])
def test_a_path_that_leaves_or_hides_is_refused(path: str, source: Path, store: LocalStore) -> None:
    tree = store.tree("files/demand/v1")
    result = transfer(Folder(source), tree, {"small.txt": path})
    assert isinstance(result.failed[0][1], InvalidInput)
    assert tree.entries() == {}


def test_a_link_in_the_store_leads_nowhere(source: Path, store: LocalStore, tmp_path: Path) -> None:
    tree = store.tree("files/demand/v1")
    transfer(Folder(source), tree, ["small.txt"])
    (tmp_path / "outside").mkdir()
    (Path(tree.url) / "way").symlink_to(tmp_path / "outside")
    result = transfer(Folder(source), tree, {"small.txt": "way/small.txt"})
    assert "must stay inside" in str(result.failed[0][1])
    (Path(tree.url) / "last").symlink_to(tmp_path / "outside" / "file")
    transfer(Folder(source), tree, {"small.txt": "last"})
    assert list((tmp_path / "outside").iterdir()) == []
    assert (Path(tree.url) / "last").read_text() == "small"


def test_a_file_where_a_folder_is_is_a_conflict_of_that_file_alone(source: Path, store: LocalStore) -> None:
    tree = store.tree("files/demand/v1")
    (Path(tree.url) / "small.txt").mkdir(parents=True)
    (Path(tree.url) / "sub").write_text("a file")
    result = transfer(Folder(source), tree)
    assert paths(result.moved) == ["empty", "run.sh"]
    assert [(path, type(error)) for path, error in result.failed] == [
        ("small.txt", Conflict),
        ("sub/large.bin", Conflict),
    ]


def test_a_file_that_changes_while_it_is_pushed_is_a_conflict_of_that_file_alone(
    source: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.read

    def grow(handle: int, count: int) -> bytes:
        piece = real(handle, count)
        if len(piece) > 100_000:
            with (source / "sub" / "large.bin").open("ab") as file:
                file.write(b"more")
        return piece

    monkeypatch.setattr(os, "read", grow)
    result = transfer(Folder(source), store.tree("files/demand/v1"))
    assert [(path, type(error)) for path, error in result.failed] == [("sub/large.bin", Conflict)]
    assert len(result.moved) == 3
    assert hidden(store.root) == []
    assert "sub/large.bin" not in store.tree("files/demand/v1").entries()


def test_a_file_that_changes_while_the_system_copies_it_is_a_conflict(
    source: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(source / "sub" / "large.bin", (1, 1))
    real = os.copy_file_range

    def grow(reader: int, writer: int, count: int) -> int:
        with (source / "sub" / "large.bin").open("r+b") as file:
            file.write(b"other")
        return real(reader, writer, count)

    monkeypatch.setattr(os, "copy_file_range", grow)
    result = transfer(Folder(source), store.tree("files/demand/v1"), ["sub/large.bin"])
    assert [type(error) for _, error in result.failed] == [Conflict]
    assert hidden(store.root) == []


@pytest.mark.parametrize("failure", [errno.EXDEV, errno.ENOSYS])
def test_where_the_system_cannot_copy_it_is_copied_anyway(
    source: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch, failure: int
) -> None:
    def cannot(reader: int, writer: int, count: int) -> int:
        raise OSError(failure, os.strerror(failure))

    os.utime(source / "sub" / "large.bin", (1, 1))
    monkeypatch.setattr(os, "copy_file_range", cannot)
    pipe = version(store, "v1")
    pipe.import_dir(source)
    assert pipe.verify() == []
    assert (Path(pipe.dir) / "sub" / "large.bin").read_bytes() == (source / "sub" / "large.bin").read_bytes()


def test_a_disk_that_is_full_while_the_system_copies_is_told(
    source: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(reader: int, writer: int, count: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    os.utime(source / "sub" / "large.bin", (1, 1))
    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(StorageFailure, match="no space left on the disk"):
        version(store, "v1").import_file(source / "sub" / "large.bin", move=True)
    assert (source / "sub" / "large.bin").exists()
    assert hidden(store.root) == []


def test_a_file_that_vanishes_before_its_turn_is_told(source: Path, store: LocalStore) -> None:
    folder = Folder(source)
    listed = folder.entries()
    (source / "small.txt").unlink()
    folder.entries = lambda: listed  # type: ignore[method-assign]
    result = transfer(folder, store.tree("files/demand/v1"))
    assert [(path, type(error)) for path, error in result.failed] == [("small.txt", NotFound)]


def test_a_bit_that_flips_at_rest_is_found_and_not_pulled(source: Path, store: LocalStore, tmp_path: Path) -> None:
    pipe = version(store, "v1")
    pipe.import_dir(source)
    stored = Path(pipe.dir) / "sub" / "large.bin"
    state = stored.stat()
    content = bytearray(stored.read_bytes())
    content[1_500_000] ^= 1
    stored.write_bytes(content)
    os.utime(stored, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert pipe.verify() == ["sub/large.bin has changed"]
    (tmp_path / "out" / "sub").mkdir(parents=True)
    (tmp_path / "out" / "sub" / "large.bin").write_text("what was there")
    result = pipe.pull_dir(tmp_path / "out")
    assert [(path, error.got) for path, error in result.failed] == [
        ("sub/large.bin", "sub/large.bin, which is damaged at its source or was on the way")
    ]
    assert len(result.moved) == 3
    assert (tmp_path / "out" / "sub" / "large.bin").read_text() == "what was there"
    with pytest.raises(Conflict, match="must have the digest"):
        pipe.pull_file("sub/large.bin", tmp_path / "out")


def test_a_published_version_that_lost_or_changed_a_file_is_not_pulled_as_if_whole(
    source: Path, store: LocalStore, tmp_path: Path
) -> None:
    prefix = f"product/P001_all/lstm/v{store.claim('product/P001_all/lstm', 'run')}"
    store.commit(prefix, store.fill(prefix, {name: source / name for name in ("small.txt", "sub/large.bin", "empty")}))
    (store.root / prefix / "empty").unlink()
    (store.root / prefix / "small.txt").write_text("short")
    (store.root / prefix / "small.txt").write_text("other text")
    pipe = ModelFile("product/P001_all/lstm", "v1", store.root).filepipe()
    result = pipe.pull_dir(tmp_path / "out")
    assert paths(result.moved) == ["sub/large.bin"]
    assert sorted((path, type(error)) for path, error in result.failed) == [
        ("empty", NotFound),
        ("small.txt", Conflict),
    ]
    assert pipe.verify() == ["empty is missing", "small.txt has changed"]


def test_a_full_disk_is_told_for_each_file_and_the_next_call_finishes(
    source: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(size: int) -> None:
        if size > 100_000:
            raise full()

    tree = store.tree("files/demand/v1")
    with monkeypatch.context() as fault:
        watch(fault, refuse)
        result = transfer(Folder(source), tree)
    assert [(path, type(error)) for path, error in result.failed] == [("sub/large.bin", StorageFailure)]
    assert "no space left on the disk" in str(result.failed[0][1])
    assert len(result.moved) == 3
    assert hidden(store.root) == []
    assert paths(transfer(Folder(source), tree).moved) == ["sub/large.bin"]


def test_a_store_that_fails_again_and_again_is_given_up(
    source: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        (source / f"file {number}").write_text(str(number))
    tried = []

    def fails(_: LocalTree, __: Any, entry: FileEntry, ___: str) -> FileEntry:
        tried.append(entry.path)
        raise StorageFailure("The store must be there", got="nothing", fix="Wait.")

    monkeypatch.setattr(LocalTree, "take", fails)
    result = transfer(Folder(source), store.tree("files/demand/v1"))
    assert len(result.failed) == 24
    assert len(tried) == GIVE_UP


def test_content_of_another_version_costs_no_second_copy(source: Path, store: LocalStore) -> None:
    version(store, "v1").import_dir(source)
    os.utime(source / "sub" / "large.bin", (5, 5))
    (source / "small.txt").write_text("other")
    pipe = version(store, "v2")
    result = pipe.import_dir(source)
    assert paths(result.shared) == ["run.sh", "sub/large.bin"]
    assert paths(result.moved) == ["empty", "small.txt"]
    first, second = (store.root / "files" / "demand" / name / "sub" / "large.bin" for name in ("v1", "v2"))
    if first.samefile(second):  # Where blocks are shared instead, each is a file of its own.
        assert first.stat().st_mode & 0o222 == 0
    assert pipe.verify() == []
    again = pipe.import_dir(source)
    assert (len(again.present), again.digested) == (4, False)
    assert hidden(store.root) == []
    # What replaces one of the two names leaves the other.
    (source / "sub" / "large.bin").write_bytes(b"new")
    pipe.import_dir(source)
    assert version(store, "v1").verify() == []
    assert first.stat().st_size == 3_000_000


def test_a_published_version_shares_the_content_of_the_one_before(source: Path, store: LocalStore) -> None:
    line = "product/P001_all/lstm"
    for number in (1, 2):
        prefix = f"{line}/v{store.claim(line, str(number))}"
        store.commit(prefix, store.fill(prefix, {"model.pth": source / "sub" / "large.bin"}))
    first, second = (store.root / line / f"v{number}" / "model.pth" for number in (1, 2))
    assert first.read_bytes() == second.read_bytes()
    store.delete(f"{line}/v1", "old")
    pipe = ModelFile(line, "v2", store.root).filepipe()
    assert pipe.verify() == []
    assert pipe.entries()["model.pth"].digest


class Broken:
    """A tree that breaks off after some bytes, and counts what is read of it."""

    url = "broken"

    def __init__(self, root: Path, after: int | None) -> None:
        self._tree, self.after, self.bytes_read = LocalTree(root), after, 0

    def entries(self) -> dict[str, FileEntry]:
        return self._tree.entries()

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        at = start
        for piece in self._tree.read(path, start):
            if self.after is not None and at + len(piece) > self.after:
                raise StorageFailure("The network must be there", got="nothing", fix="Wait.")
            at += len(piece)
            self.bytes_read += len(piece)
            yield piece

    def take(self, source: Any, entry: FileEntry, path: str | None = None) -> FileEntry:
        raise NotImplementedError

    def share(self, entry: FileEntry, held: str) -> bool:
        raise NotImplementedError

    def remove(self, paths: Any) -> list[str]:
        raise NotImplementedError

    def keep(self, entries: Any) -> None:
        raise NotImplementedError


@pytest.fixture
def big(tmp_path: Path) -> Path:
    tree = LocalTree(tmp_path / "big")
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "big.bin").write_bytes(os.urandom(BIG + 1_000_000))
    tree.keep(transfer(Folder(tmp_path / "made"), tree).entries)
    return tmp_path / "big"


def test_what_has_come_of_a_large_file_is_not_read_again(big: Path, tmp_path: Path) -> None:
    target = Folder(tmp_path / "out")
    broken = Broken(big, after=BIG)
    cut = transfer(broken, target)
    assert isinstance(cut.failed[0][1], StorageFailure)
    assert target.entries() == {}
    broken.after, broken.bytes_read = None, 0
    assert paths(transfer(broken, target).moved) == ["big.bin"]
    assert broken.bytes_read < 2_000_000
    assert (tmp_path / "out" / "big.bin").read_bytes() == (big / "big.bin").read_bytes()
    assert hidden(tmp_path / "out") == []


def test_a_part_of_something_else_is_not_gone_on_with(big: Path, tmp_path: Path) -> None:
    target = Folder(tmp_path / "out")
    transfer(Broken(big, after=BIG), target)
    part = next((tmp_path / "out").glob(".*.part"))
    with part.open("r+b") as file:
        file.seek(1000)
        file.write(b"other")
    assert paths(transfer(Broken(big, after=None), target).moved) == ["big.bin"]
    assert (tmp_path / "out" / "big.bin").read_bytes() == (big / "big.bin").read_bytes()


def test_two_that_push_the_same_file_at_once_leave_it_whole(source: Path, store: LocalStore, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    tree = store.tree("files/demand/v1")
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: transfer(Folder(source), store.tree("files/demand/v1")), range(16)))
    assert all(not result.failed for result in results)
    tree.keep(results[0].entries)
    assert version(store, "v1").verify() == []
    assert {path: entry.size for path, entry in tree.entries().items()} == {
        path: entry.size for path, entry in Folder(source).entries().items()
    }
    assert hidden(store.root) == []


def test_what_was_pushed_is_synced_within_the_next_second(
    source: Path, store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncing.flush()
    synced: list[str] = []
    monkeypatch.setattr(syncing, "sync", lambda path: synced.append(str(path)))
    pipe = version(store, "v1")
    pipe.import_dir(source)
    until = time.monotonic() + 10
    while time.monotonic() < until and f"{pipe.dir}/sub/large.bin" not in synced:
        time.sleep(0.05)
    assert {f"{pipe.dir}/{path}" for path in ("small.txt", "sub/large.bin", "sub", "manifest.json")} <= {*synced}
    assert pipe.dir in synced


def test_a_version_has_its_manifest_once(source: Path, store: LocalStore) -> None:
    prefix = f"product/P001_all/lstm/v{store.claim('product/P001_all/lstm', 'run')}"
    with pytest.raises(Conflict, match="A version is written once and never changed"):
        store.tree(prefix).keep({})


def test_file_trees_are_no_versions_of_the_registry(source: Path, store: LocalStore) -> None:
    version(store, "v1").import_dir(source)
    assert list(store.trees()) == list(store.lines()) == []
    assert store.below("files") == ["demand"]
    assert store.below("files/none") == []
    with pytest.raises(NotFound):
        store.manifest("files/demand/v1")
