"""Versions move to the archive and back, and nothing goes that was not read back whole."""

from __future__ import annotations

import io
import os
import re
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.unit.store.archived import FILES, LINE, PREFIX, contents, made
from tidebook.abc import FileEntry
from tidebook.core.errors import Conflict, DataFault, InvalidInput, NotFound, StorageFailure, TidebookError
from tidebook.core.files import read_json, write_json
from tidebook.core.settings import Settings
from tidebook.store import LocalStore, packing, verify
from tidebook.store.archiving import RECORD, archive_tree, archived, restore_tree
from tidebook.store.copying import digest, moment
from tidebook.store.packing import Packed
from tidebook.store.place import Place


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return made(tmp_path)


@pytest.fixture(params=["folder", "file", "memory"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The archive."""
    name = f"ar chive-{os.getpid()}-{tmp_path.name}"
    return {"folder": str(tmp_path / name), "file": f"file://{tmp_path}/archive", "memory": f"memory://{name}"}[
        request.param
    ]


def packed_file(archive: Path) -> Path:
    [found] = archive.rglob("v1.*.tar.zst")
    return found


def test_an_archived_version_keeps_its_metadata_and_comes_back_whole(store: LocalStore, where: str) -> None:
    whole = contents(store)
    times = {path: moment((store.root / PREFIX / path).stat().st_mtime_ns) for path in whole}
    record = archive_tree(store, PREFIX, Place(where), by="anna")
    assert list(contents(store)) == ["metadata.json"]
    assert sorted(record["files"]) == sorted(FILES)
    assert (record["by"], record["original_bytes"]) == ("anna", sum(map(len, FILES.values())))
    assert record["url"].endswith(f"version/{LINE}/{record['pack']}")
    assert re.fullmatch(r"v1\.[0-9a-f]{12}-[0-9a-f]{16}\.tar\.zst", record["pack"])
    assert list(Place(where).packs("version")) == [(PREFIX, record["pack"])]
    assert 0 < record["bytes"] < record["original_bytes"]
    assert archived(store, PREFIX) == record == store.record(PREFIX, RECORD)
    assert list(store.trees()) == [PREFIX]
    assert restore_tree(store, PREFIX, archive=where) is True
    assert contents(store) == whole
    assert {path: moment((store.root / PREFIX / path).stat().st_mtime_ns) for path in whole} == times
    assert verify(store, PREFIX) == []
    assert archived(store, PREFIX) is None
    assert list(Place(where).packs("version")) == []
    assert restore_tree(store, PREFIX, archive=where) is False


def test_the_archive_of_the_settings_is_the_one_that_is_restored_from(store: LocalStore, settings: Settings) -> None:
    archive_tree(store, PREFIX, Place.of(settings), by=None)
    assert restore_tree(store, PREFIX) is True


def test_nothing_is_fetched_from_where_a_record_says_it_lies(store: LocalStore, tmp_path: Path) -> None:
    archive_tree(store, PREFIX, Place(str(tmp_path / "a")), by=None)
    store.amend(PREFIX, RECORD, lambda record: {**(record or {}), "url": f"file://{tmp_path}/elsewhere"})
    with pytest.raises(NotFound, match="TIDEBOOK_ARCHIVE"):
        restore_tree(store, PREFIX, archive=str(tmp_path / "b"))
    assert restore_tree(store, PREFIX, archive=str(tmp_path / "a")) is True


def test_archiving_again_says_the_same_and_a_home_with_its_archive_can_be_moved(
    store: LocalStore, tmp_path: Path
) -> None:
    record = archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by="anna")
    assert archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by="bo") == record
    moved = tmp_path / "moved"
    moved.mkdir()
    store.root.rename(moved / "saved_models")
    (tmp_path / "archive").rename(moved / "archive")
    assert restore_tree(LocalStore(moved / "saved_models"), PREFIX, archive=str(moved / "archive"))


def test_a_version_that_has_changed_on_the_disk_is_not_archived(store: LocalStore, tmp_path: Path) -> None:
    file = store.root / PREFIX / "model.pth"
    original = file.read_bytes()
    for content in (b"\x01" + original[1:], original[:-1], original + b"x"):
        file.write_bytes(content)
        with pytest.raises(DataFault, match=r"model\.pth"):
            archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by=None)
        assert file.read_bytes() == content
        assert archived(store, PREFIX) is None
    file.unlink()
    with pytest.raises(NotFound):
        archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by=None)


def test_what_is_no_version_is_not_archived(store: LocalStore, tmp_path: Path) -> None:
    store.claim(LINE, "two")
    for prefix in (f"{LINE}/v2", f"{LINE}/v3"):
        with pytest.raises(NotFound):
            archive_tree(store, prefix, Place(str(tmp_path / "archive")), by=None)
    store.delete(PREFIX, "gone")
    with pytest.raises(NotFound):
        archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by=None)
    assert not (tmp_path / "archive").exists()


def test_an_archive_that_is_away_or_full_changes_nothing(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = contents(store)
    (tmp_path / "file").write_text("no folder")
    for where in (str(tmp_path / "file" / "archive"), "/proc/nothing/archive"):
        with pytest.raises(StorageFailure):
            archive_tree(store, PREFIX, Place(where), by=None)
    full: Callable[..., Any] = lambda *arguments: (_ for _ in ()).throw(OSError(28, "No space left on device"))  # noqa: E731
    monkeypatch.setattr("tidebook.store.place.shutil.copyfileobj", full)
    with pytest.raises(StorageFailure, match="no space"):
        archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by=None)
    assert contents(store) == whole
    assert archived(store, PREFIX) is None
    assert [path for path in (tmp_path / "archive").rglob("*") if path.is_file()] == []


def test_what_does_not_read_back_is_not_taken_for_archived(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad(source: Any, target: Any, length: int) -> None:
        content = bytearray(source.read())
        content[len(content) // 2] ^= 1
        target.write(content)

    whole = contents(store)
    monkeypatch.setattr("tidebook.store.place.shutil.copyfileobj", bad)
    with pytest.raises(StorageFailure, match="read back"):
        archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by=None)
    assert contents(store) == whole


def test_any_flipped_bit_in_the_archive_is_found_and_nothing_of_it_is_put_in_place(
    store: LocalStore, tmp_path: Path
) -> None:
    archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by=None)
    file = packed_file(tmp_path / "archive")
    original = file.read_bytes()
    for position in range(0, len(original), max(1, len(original) // 60)):
        content = bytearray(original)
        content[position] ^= 1 << (position % 8)
        file.write_bytes(content)
        with pytest.raises(DataFault):
            restore_tree(store, PREFIX, archive=str(tmp_path / "archive"))
        assert list(contents(store)) == ["metadata.json"]
        assert archived(store, PREFIX) is not None
    for wrong in (original[:-1], original + b"\0", original * 2, b"", b"no archive"):
        file.write_bytes(wrong)
        with pytest.raises(DataFault):
            restore_tree(store, PREFIX, archive=str(tmp_path / "archive"))
    file.write_bytes(original)
    assert restore_tree(store, PREFIX, archive=str(tmp_path / "archive")) is True
    assert verify(store, PREFIX) == []


def test_a_time_that_is_none_keeps_nothing_in_the_archive(store: LocalStore, tmp_path: Path) -> None:
    file = store.root / PREFIX / "manifest.json"
    manifest = read_json(file)
    times = ["", "yesterday", "9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00"]
    for entry, time in zip(manifest["files"], times, strict=False):
        entry["mtime"] = time
    write_json(file, manifest)
    archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by=None)
    assert restore_tree(store, PREFIX, archive=str(tmp_path / "archive")) is True
    assert verify(store, PREFIX) == []


def test_a_full_disk_while_restoring_leaves_it_archived_and_a_second_call_finishes(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by=None)
    taken: list[str] = []

    def full(tree: Any, source: Any, entry: FileEntry, path: str | None = None) -> FileEntry:
        if taken:
            raise StorageFailure("It must be written", got="no space left on the disk", fix="Free some.")
        taken.append(entry.path)
        return entry

    with monkeypatch.context() as context:
        context.setattr("tidebook.store.trees.local.LocalTree.take", full)
        with pytest.raises(StorageFailure):
            restore_tree(store, PREFIX, archive=str(tmp_path / "archive"))
    assert archived(store, PREFIX) is not None
    assert packed_file(tmp_path / "archive").is_file()
    assert restore_tree(store, PREFIX, archive=str(tmp_path / "archive")) is True
    assert verify(store, PREFIX) == []


def test_many_who_restore_at_once_wait_for_each_other(store: LocalStore, tmp_path: Path) -> None:
    archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by=None)
    failed: list[BaseException] = []

    def restore() -> None:
        try:
            restore_tree(LocalStore(store.root), PREFIX, archive=str(tmp_path / "archive"))
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=restore) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert verify(store, PREFIX) == []


def test_two_cannot_archive_the_same_at_once(store: LocalStore, tmp_path: Path) -> None:
    with store.workspace(f"archive {PREFIX}"), pytest.raises(Conflict):
        archive_tree(store, PREFIX, Place(str(tmp_path / "archive")), by=None)


@pytest.mark.parametrize("record", [{}, {"digest": "x"}, {"digest": "x", "bytes": True, "files": []}, {"files": [1]}])
def test_a_record_that_makes_no_sense_is_told(store: LocalStore, record: dict[str, Any]) -> None:
    store.amend(PREFIX, RECORD, lambda before: {"format_version": 1, **record})
    with pytest.raises(DataFault, match=r"archived\.json"):
        restore_tree(store, PREFIX)


# ---- packed files that somebody made to do harm


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def unpacked(content: bytes, entries: list[FileEntry], folder: Path) -> None:
    file = folder.parent / "hostile"
    file.write_bytes(content)
    with file.open("rb") as stream:
        packing.unpack(stream, Packed(digest(file), len(content)), entries, folder, "it")


def entry(path: str, content: bytes = b"abc") -> FileEntry:
    from blake3 import blake3

    return FileEntry(path, len(content), "2026-01-01T00:00:00+00:00", f"blake3:{blake3(content).hexdigest()}")


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return bytes(sink.getvalue())


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for info, content in members:
            info.size = len(content) if info.type == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(content))
    return zstd(plain.getvalue())


@pytest.mark.parametrize(
    "content",
    [
        tar((member("../outside"), b"abc")),
        tar((member("/outside"), b"abc")),
        tar((member("a", tarfile.SYMTYPE, "/etc/passwd"), b"")),
        tar((member("a", tarfile.LNKTYPE, "/etc/passwd"), b"")),
        tar((member("a", tarfile.FIFOTYPE), b"")),
        tar((member("a", tarfile.CHRTYPE), b"")),
        tar((member("a"), b"abd")),
        tar((member("a"), b"abcd")),
        tar((member("a"), b"abc"), (member("b"), b"more")),
        tar((member("a"), b"abc"), (member("a"), b"abc")),
        tar(),
        zstd(b"\0" * 10_000_000),
        zstd(b"no tar"),
        b"",
        b"no zstd",
    ],
)
def test_a_packed_file_with_anything_else_in_it_writes_nothing_outside_and_is_refused(
    content: bytes, tmp_path: Path
) -> None:
    with pytest.raises((DataFault, InvalidInput)):
        unpacked(content, [entry("a")], tmp_path / "in")
    assert sorted(path.name for path in tmp_path.iterdir()) in (["hostile"], ["hostile", "in"])
    assert [path.name for path in (tmp_path / "in").rglob("*")] in ([], ["a"])


def test_entries_that_lead_outside_are_refused(tmp_path: Path) -> None:
    for path in ("../a", "/a", "a/../../b", "\0"):
        with pytest.raises(TidebookError):
            unpacked(tar((member(path), b"abc")), [entry(path)], tmp_path / "in")
    assert not (tmp_path / "a").exists()


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    content = tar((member("a"), b"\0" * 50_000_000))
    assert len(content) < 50_000
    with pytest.raises(DataFault):
        unpacked(content, [entry("a")], tmp_path / "in")
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 100_000
