"""Versions move to an archive in an object store and back, from a folder and from an object store."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.s3_servers import SECRET, S3Server, free_port, moto, rclone
from tests.unit.store.archived import FILES, LINE, PREFIX, contents, made
from tidebook.abc import FileEntry
from tidebook.core.errors import DataFault, StorageFailure
from tidebook.store import LocalStore, shelving, verify
from tidebook.store.archiving import Version, archive_tree, archived, forget_tree, restore_tree
from tidebook.store.objects import ObjectStore
from tidebook.store.place import Place, Reading


@pytest.fixture(scope="module", params=["moto", "rclone"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with moto() if request.param == "moto" else rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture
def where(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The archive."""
    server.use(monkeypatch)
    return f"s3://{server.new_bucket()}/old things"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return made(tmp_path)


def test_a_version_in_a_folder_goes_there_and_comes_back_whole(store: LocalStore, where: str) -> None:
    whole = contents(store)
    record = archive_tree(store, PREFIX, Place(where), by="anna")
    assert record["url"] == f"{where}/version/{LINE}/{record['pack']}"
    assert list(contents(store)) == ["metadata.json"]
    assert list(Place(where).packs("version")) == [(PREFIX, record["pack"])]
    assert restore_tree(store, PREFIX, archive=where) is True
    assert contents(store) == whole
    assert verify(store, PREFIX) == []
    assert list(Place(where).packs("version")) == []


def test_what_was_changed_there_is_not_brought_back(store: LocalStore, where: str) -> None:
    place = Place(where)
    record = archive_tree(store, PREFIX, place, by=None)
    path = place._path("version", PREFIX, record["pack"])
    content = bytearray(place._files.cat_file(path))
    content[len(content) // 2] ^= 1
    place._files.pipe_file(path, bytes(content))
    with pytest.raises(DataFault):
        restore_tree(store, PREFIX, archive=where)
    assert list(contents(store)) == ["metadata.json"]
    forget_tree(store, PREFIX, record, where)
    assert list(Place(where).packs("version")) == []


def test_a_server_that_is_away_or_refuses_changes_nothing_and_no_secret_is_told(
    store: LocalStore, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = contents(store)
    with monkeypatch.context() as context:
        context.setenv("TIDEBOOK_S3_ENDPOINT", f"http://127.0.0.1:{free_port()}")
        with pytest.raises(StorageFailure) as caught:
            archive_tree(store, PREFIX, Place(where), by=None)
    assert SECRET not in str(caught.value)
    with pytest.raises(StorageFailure):
        archive_tree(store, PREFIX, Place("s3://no-such-bucket-there/x"), by=None)
    assert contents(store) == whole
    assert archived(store, PREFIX) is None
    archive_tree(store, PREFIX, Place(where), by=None)
    with monkeypatch.context() as context:
        context.setenv("TIDEBOOK_S3_ENDPOINT", f"http://127.0.0.1:{free_port()}")
        with pytest.raises(StorageFailure):
            restore_tree(store, PREFIX, archive=where)
    assert restore_tree(store, PREFIX, archive=where) is True


def test_a_version_in_an_object_store_goes_to_a_folder_and_comes_back_whole(
    where: str, tmp_path: Path, store: LocalStore
) -> None:
    source = {path: store.root / PREFIX / path for path in [*FILES, "metadata.json"]}
    remote = ObjectStore(where.rpartition("/")[0] + "/models", tmp_path / "cache", alone=tmp_path / "locks")
    number = remote.claim(LINE, "run")
    remote.commit(f"{LINE}/v{number}", remote.fill(f"{LINE}/v{number}", source))
    archive = str(tmp_path / "archive")
    record = archive_tree(remote, PREFIX, Place(archive), by=None)
    assert sorted(record["files"]) == sorted(FILES)
    assert list(remote.trees()) == [PREFIX]
    left = [fault for fault in verify(remote, PREFIX) if fault.endswith("is missing")]
    assert len(left) == len(FILES)
    fresh = ObjectStore(remote.location("").rstrip("/"), tmp_path / "other", alone=tmp_path / "locks")
    assert restore_tree(fresh, PREFIX, archive=archive) is True
    assert verify(fresh, PREFIX) == []
    assert fresh.open(PREFIX, "model.pth").read_bytes() == FILES["model.pth"]


@pytest.fixture
def machines(where: str, tmp_path: Path, store: LocalStore) -> list[ObjectStore]:
    """A store with a version as two machines use it, which do not see each other's locks of things."""
    url, alone = where.rpartition("/")[0] + "/models", tmp_path / "locks"
    both = [ObjectStore(url, tmp_path / name, alone=alone) for name in ("one", "two")]
    source = {path: store.root / PREFIX / path for path in [*FILES, "metadata.json"]}
    both[0].claim(LINE, "run")
    both[0].commit(PREFIX, both[0].fill(PREFIX, source))
    return both


def test_a_machine_that_restores_takes_nothing_away_that_another_archives_meanwhile(
    machines: list[ObjectStore], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = machines
    first = archive_tree(one, PREFIX, Place(where), by=None)

    def remove(place: Place, *arguments: str) -> None:
        monkeypatch.setattr(Place, "remove", removed)
        archive_tree(two, PREFIX, Place(where), by=None)
        removed(place, *arguments)

    removed = Place.remove
    monkeypatch.setattr(Place, "remove", remove)
    assert restore_tree(one, PREFIX, archive=where) is True
    record = archived(one, PREFIX)
    assert record is not None
    assert record["pack"] != first["pack"]
    assert list(Place(where).packs("version")) == [(PREFIX, record["pack"])]
    assert restore_tree(two, PREFIX, archive=where) is True
    assert verify(one, PREFIX) == []


def test_what_another_machine_brings_back_before_its_files_went_is_put_back(
    machines: list[ObjectStore], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = machines

    def clear(version: Version, record: dict[str, Any]) -> None:
        monkeypatch.setattr(Version, "clear", cleared)
        assert restore_tree(two, PREFIX, archive=where) is True
        cleared(version, record)

    cleared = Version.clear
    monkeypatch.setattr(Version, "clear", clear)
    archive_tree(one, PREFIX, Place(where), by=None)
    assert archived(one, PREFIX) is None
    assert verify(one, PREFIX) == []
    [(_, pack)] = Place(where).packs("version")  # Nobody can tell whether a third machine is removing files.
    shelving.reclaim(Version(two, PREFIX), Place(where), pack)
    assert verify(one, PREFIX) == []
    assert list(Place(where).packs("version")) == []


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), StorageFailure("The store must answer", got="", fix="")])
def test_what_was_removed_before_an_error_though_another_machine_had_brought_it_back_is_put_back(
    machines: list[ObjectStore], where: str, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    one, two = machines

    def clear(version: Version, record: dict[str, Any]) -> None:
        assert restore_tree(two, PREFIX, archive=where) is True
        one.tree(PREFIX).remove(record["files"])
        raise fault

    monkeypatch.setattr(Version, "clear", clear)
    with pytest.raises(type(fault)):
        archive_tree(one, PREFIX, Place(where), by=None)
    assert archived(two, PREFIX) is None
    assert verify(two, PREFIX) == []


def test_the_copy_of_a_killed_machine_counts_where_another_let_go_of_the_packed_file(
    machines: list[ObjectStore],
    where: str,
    monkeypatch: pytest.MonkeyPatch,
    killed: Callable[[ObjectStore, str], None],
) -> None:
    one, two = machines

    def clear(version: Version, record: dict[str, Any]) -> None:
        assert restore_tree(two, PREFIX, archive=where) is True
        one.tree(PREFIX).remove(record["files"])
        Place(where).remove("version", PREFIX, record["pack"])
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(Version, "clear", clear)
        killed(one, where)
    assert len(verify(two, PREFIX)) == len(FILES)
    shelving.settle(Version(one, PREFIX), Place(where))
    assert verify(two, PREFIX) == []


def test_of_two_machines_that_archive_at_once_the_slower_says_what_the_faster_did(
    machines: list[ObjectStore], where: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one, two = machines

    def entries(version: Version) -> list[FileEntry]:
        monkeypatch.setattr(Version, "entries", listed)
        found = listed(version)
        archive_tree(two, PREFIX, Place(where), by="two")
        shutil.rmtree(tmp_path / "one" / "copies", ignore_errors=True)  # Else the slower one packs the copies it has.
        return found

    listed = Version.entries
    monkeypatch.setattr(Version, "entries", entries)
    assert archive_tree(one, PREFIX, Place(where), by="one") == archived(two, PREFIX)
    assert restore_tree(one, PREFIX, archive=where) is True
    assert verify(one, PREFIX) == []


def test_what_is_removed_from_the_archive_while_it_is_read_is_not_an_archive_that_is_away(
    machines: list[ObjectStore], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = machines
    archive_tree(one, PREFIX, Place(where), by=None)

    def read(reading: Reading, size: int = -1) -> bytes:
        monkeypatch.setattr(Reading, "read", really)
        assert restore_tree(two, PREFIX, archive=where) is True
        return really(reading, size)

    really = Reading.read
    monkeypatch.setattr(Reading, "read", read)
    assert restore_tree(one, PREFIX, archive=where) is True
    assert verify(one, PREFIX) == []


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> Callable[[ObjectStore, str], None]:
    """Archives a version in a process that is killed as it begins to clear: its working folder stays."""

    def archive(store: ObjectStore, where: str) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(shutil, "rmtree", lambda folder, **how: None)
            patched.setattr(shelving, "_put_back", lambda *_: None)
            with pytest.raises(SystemExit):
                archive_tree(store, PREFIX, Place(where), by=None)

    return archive


@pytest.mark.parametrize("finisher", ["the killed one", "fsck"])
def test_what_a_killed_machine_removed_after_another_had_brought_it_back_is_not_lost(
    machines: list[ObjectStore],
    where: str,
    monkeypatch: pytest.MonkeyPatch,
    killed: Callable[[ObjectStore, str], None],
    finisher: str,
) -> None:
    one, two = machines

    def clear(version: Version, record: dict[str, Any]) -> None:
        monkeypatch.setattr(Version, "clear", cleared)
        assert restore_tree(two, PREFIX, archive=where) is True
        one.tree(PREFIX).remove(record["files"])
        raise SystemExit

    cleared = Version.clear
    monkeypatch.setattr(Version, "clear", clear)
    killed(one, where)
    assert archived(two, PREFIX) is None
    assert len(verify(two, PREFIX)) == len(FILES)
    [(_, pack)] = Place(where).packs("version")
    if finisher == "fsck":
        shelving.reclaim(Version(two, PREFIX), Place(where), pack)
    else:
        shelving.settle(Version(one, PREFIX), Place(where))
    assert verify(two, PREFIX) == []
    assert list(Place(where).packs("version")) == []


def test_what_a_killed_machine_has_not_removed_goes_at_the_next_call(
    machines: list[ObjectStore],
    where: str,
    monkeypatch: pytest.MonkeyPatch,
    killed: Callable[[ObjectStore, str], None],
) -> None:
    one, two = machines

    def clear(version: Version, record: dict[str, Any]) -> None:
        monkeypatch.setattr(Version, "clear", cleared)
        one.tree(PREFIX).remove(record["files"][:1])
        raise SystemExit

    cleared = Version.clear
    monkeypatch.setattr(Version, "clear", clear)
    killed(one, where)
    assert Version(two, PREFIX).left(archived(two, PREFIX) or {}) != []
    assert len(verify(two, PREFIX)) == 1
    record = archive_tree(two, PREFIX, Place(where), by=None)
    assert record == archived(one, PREFIX)
    assert Version(one, PREFIX).left(record) == []
    assert len(verify(two, PREFIX)) == len(FILES)
    assert restore_tree(one, PREFIX, archive=where) is True
    assert verify(two, PREFIX) == []
    assert list(Place(where).packs("version")) == []


def test_of_two_machines_that_archive_the_same_one_removes_what_it_has_packed(
    machines: list[ObjectStore], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = machines

    def begin(version: Version, record: dict[str, Any]) -> dict[str, Any] | None:
        monkeypatch.setattr(Version, "begin", begun)
        archive_tree(two, PREFIX, Place(where), by="two")
        return begun(version, record)

    begun = Version.begin
    monkeypatch.setattr(Version, "begin", begin)
    record = archive_tree(one, PREFIX, Place(where), by="one")
    assert record["by"] == "two"
    assert record == archived(one, PREFIX)
    assert list(Place(where).packs("version")) == [(PREFIX, record["pack"])]
    assert restore_tree(one, PREFIX, archive=where) is True
    assert verify(two, PREFIX) == []


def test_of_two_machines_that_restore_the_same_each_ends_with_all_of_it(
    machines: list[ObjectStore], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = machines
    archive_tree(one, PREFIX, Place(where), by=None)

    def opened(place: Place, *arguments: str) -> Any:
        monkeypatch.setattr(Place, "opened", reading)
        assert restore_tree(two, PREFIX, archive=where) is True
        return reading(place, *arguments)

    reading = Place.opened
    monkeypatch.setattr(Place, "opened", opened)
    assert restore_tree(one, PREFIX, archive=where) is True
    assert archived(one, PREFIX) is None
    assert verify(one, PREFIX) == []


def test_a_home_knows_what_it_has_put_there_and_since_when(store: LocalStore, where: str, tmp_path: Path) -> None:
    place = Place(where, tmp_path)
    pack = archive_tree(store, PREFIX, place, by=None)["pack"]
    assert place.is_own(pack)
    assert not Place(where, tmp_path / "another").is_own(pack)
    assert 0 <= place.age("version", PREFIX, pack) + 2 < 60
