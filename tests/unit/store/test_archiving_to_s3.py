"""Versions move to an archive in an object store and back, from a folder and from an object store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.s3_servers import SECRET, S3Server, free_port, moto, rclone
from tests.unit.store.archived import FILES, LINE, PREFIX, contents, made
from tidebook.core.errors import DataFault, StorageFailure
from tidebook.store import LocalStore, verify
from tidebook.store.archiving import archive_tree, archived, forget_tree, restore_tree
from tidebook.store.objects import ObjectStore
from tidebook.store.place import Place


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
    record = archive_tree(store, PREFIX, where, by="anna")
    assert record["url"] == f"{where}/version/{PREFIX}.tar.zst"
    assert list(contents(store)) == ["metadata.json"]
    assert list(Place(where).names("version")) == [PREFIX]
    assert restore_tree(store, PREFIX, archive=where) is True
    assert contents(store) == whole
    assert verify(store, PREFIX) == []
    assert list(Place(where).names("version")) == []


def test_what_was_changed_there_is_not_brought_back(store: LocalStore, where: str) -> None:
    archive_tree(store, PREFIX, where, by=None)
    place = Place(where)
    path = place._path("version", PREFIX)
    content = bytearray(place._files.cat_file(path))
    content[len(content) // 2] ^= 1
    place._files.pipe_file(path, bytes(content))
    with pytest.raises(DataFault):
        restore_tree(store, PREFIX, archive=where)
    assert list(contents(store)) == ["metadata.json"]
    forget_tree(PREFIX, where)
    assert list(Place(where).names("version")) == []


def test_a_server_that_is_away_or_refuses_changes_nothing_and_no_secret_is_told(
    store: LocalStore, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = contents(store)
    with monkeypatch.context() as context:
        context.setenv("TIDEBOOK_S3_ENDPOINT", f"http://127.0.0.1:{free_port()}")
        with pytest.raises(StorageFailure) as caught:
            archive_tree(store, PREFIX, where, by=None)
    assert SECRET not in str(caught.value)
    with pytest.raises(StorageFailure):
        archive_tree(store, PREFIX, "s3://no-such-bucket-there/x", by=None)
    assert contents(store) == whole
    assert archived(store, PREFIX) is None
    archive_tree(store, PREFIX, where, by=None)
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
    record = archive_tree(remote, PREFIX, archive, by=None)
    assert sorted(record["files"]) == sorted(FILES)
    assert list(remote.trees()) == [PREFIX]
    left = [fault for fault in verify(remote, PREFIX) if fault.endswith("is missing")]
    assert len(left) == len(FILES)
    fresh = ObjectStore(remote.location("").rstrip("/"), tmp_path / "other", alone=tmp_path / "locks")
    assert restore_tree(fresh, PREFIX, archive=archive) is True
    assert verify(fresh, PREFIX) == []
    assert fresh.open(PREFIX, "model.pth").read_bytes() == FILES["model.pth"]
