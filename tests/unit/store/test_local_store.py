from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.writes import full, watch
from tidebook.core.errors import Conflict, InvalidInput, NotFound, StorageFailure
from tidebook.core.settings import Settings
from tidebook.store import LocalStore, open_store, verify
from tidebook.store.copying import digest

LINE = "product/P001_all/lstm"


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "a.json").write_text('{"x": 1}')
    (folder / "b.bin").write_bytes(os.urandom(3_000_000))
    return {"metadata.json": folder / "a.json", "sub/model.pth": folder / "b.bin"}


def put(store: LocalStore, files: dict[str, Path], owner: str = "run", line: str = LINE) -> str:
    prefix = f"{line}/v{store.claim(line, owner)}"
    store.commit(prefix, store.fill(prefix, files))
    return prefix


def test_a_tree_exists_from_its_manifest_on_and_not_before(store: LocalStore, files: dict[str, Path]) -> None:
    number = store.claim(LINE, "run")
    prefix = f"{LINE}/v{number}"
    entries = store.fill(prefix, files)
    assert list(store.trees()) == []
    with pytest.raises(
        NotFound, match="The version must exist, but got product/P001_all/lstm/v1, which is not complete"
    ):
        store.manifest(prefix)
    store.commit(prefix, entries)
    assert list(store.trees()) == list(store.trees("product")) == [prefix]
    assert list(store.trees("store")) == []


def test_the_manifest_tells_path_size_time_and_digest(store: LocalStore, files: dict[str, Path]) -> None:
    manifest = store.manifest(put(store, files))
    assert (manifest["format_version"], manifest["owner"]) == (1, "run")
    entry = manifest["files"][1]
    source = files["sub/model.pth"]
    assert (entry["path"], entry["size"], entry["digest"]) == ("sub/model.pth", 3_000_000, digest(source))
    assert entry["digest"].startswith("blake3:")
    stored = store.open(f"{LINE}/v1", "sub/model.pth")
    assert stored.read_bytes() == source.read_bytes()
    assert stored.stat().st_mtime_ns == source.stat().st_mtime_ns
    assert verify(store, f"{LINE}/v1") == []


def test_a_flipped_bit_and_a_missing_file_are_told(store: LocalStore, files: dict[str, Path]) -> None:
    prefix = put(store, files)
    model = store.open(prefix, "sub/model.pth")
    content = bytearray(model.read_bytes())
    content[1_000_000] ^= 1
    model.write_bytes(content)
    store.open(prefix, "metadata.json").unlink()
    assert verify(store, prefix) == ["metadata.json is missing", "sub/model.pth has changed"]


def test_numbers_ascend_and_are_never_used_again(store: LocalStore, files: dict[str, Path]) -> None:
    assert [put(store, files, owner) for owner in "abc"] == [f"{LINE}/v{n}" for n in (1, 2, 3)]
    store.delete(f"{LINE}/v3", "tidying up")
    assert put(store, files, "d") == f"{LINE}/v4"
    assert store.claim(LINE, "abandoned") == 5
    assert put(store, files, "e") == f"{LINE}/v6"
    assert store.claim(LINE, "f", above=41) == 42
    assert store.newest(LINE) == 42


def test_an_owner_gets_its_own_unfinished_claim_back(store: LocalStore, files: dict[str, Path]) -> None:
    assert store.claim(LINE, "mine") == 1
    assert store.claim(LINE, "other") == 2
    assert store.claim(LINE, "mine") == 1
    assert store.claimed(LINE, "mine") == 1
    assert store.claimed(LINE, "nobody") is None
    put(store, files, "mine")
    assert list(store.trees()) == [f"{LINE}/v1"]


def test_a_finished_tree_is_never_changed(store: LocalStore, files: dict[str, Path]) -> None:
    prefix = put(store, files)
    with pytest.raises(
        Conflict, match=r"A version is written once and never changed, but got .*/v1, which is complete"
    ):
        store.fill(prefix, files)
    with pytest.raises(Conflict, match="written once"):
        store.commit(prefix, [])


def test_a_manifest_that_lies_is_refused(store: LocalStore, files: dict[str, Path]) -> None:
    prefix = f"{LINE}/v{store.claim(LINE, 'run')}"
    entries = store.fill(prefix, files)
    (store.root / prefix / "metadata.json").write_text("")
    with pytest.raises(Conflict, match=r"got metadata\.json, which is missing or has another size"):
        store.commit(prefix, entries)


def test_of_two_who_commit_at_once_one_wins(store: LocalStore, files: dict[str, Path], tmp_path: Path) -> None:
    prefix = f"{LINE}/v{store.claim(LINE, 'run')}"
    entries = store.fill(prefix, files)
    results: list[str] = []
    barrier = threading.Barrier(4)

    def commit(count: int) -> None:
        barrier.wait()
        try:
            LocalStore(store.root).commit(prefix, entries[:count])
            results.append("won")
        except Conflict:
            results.append("lost")

    threads = [threading.Thread(target=commit, args=(1 + n % 2,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "won" in results
    assert "lost" in results
    assert len(store.manifest(prefix)["files"]) in {1, 2}
    assert not list((store.root / prefix).glob(".manifest*"))


def test_deleting_writes_the_tombstone_and_then_removes_the_content(store: LocalStore, files: dict[str, Path]) -> None:
    prefix = put(store, files)
    store.delete(prefix, "a test")
    assert [path.name for path in (store.root / prefix).iterdir()] == ["deleted.json"]
    assert json.loads((store.root / prefix / "deleted.json").read_text())["reason"] == "a test"
    assert list(store.trees()) == []
    for use in (store.manifest, store.folder, lambda p: store.open(p, "metadata.json"), lambda p: store.fill(p, files)):
        with pytest.raises(NotFound, match=r"lstm/v1, which was deleted at .* \(a test\)"):
            use(prefix)


def test_a_deletion_that_was_killed_is_finished_by_the_next_one(store: LocalStore, files: dict[str, Path]) -> None:
    prefix = put(store, files)
    (store.root / prefix / "deleted.json").write_text('{"format_version": 1, "reason": "first"}')
    assert list(store.trees()) == []
    store.delete(prefix, "second")
    assert [path.name for path in (store.root / prefix).iterdir()] == ["deleted.json"]
    assert json.loads((store.root / prefix / "deleted.json").read_text())["reason"] == "first"


def test_what_does_not_exist_cannot_be_deleted(store: LocalStore) -> None:
    with pytest.raises(NotFound, match="product/P001_all/lstm/v1, which does not exist"):
        store.delete(f"{LINE}/v1", "a test")
    assert not store.root.exists()


def test_a_version_deleted_while_it_is_loaded_is_clearly_gone(store: LocalStore, files: dict[str, Path]) -> None:
    prefix = put(store, files)
    store.manifest(prefix)
    store.delete(prefix, "a race")
    with pytest.raises(NotFound, match=r"which was deleted at .* \(a race\)"):
        store.open(prefix, "sub/model.pth")


def test_a_file_that_the_tree_does_not_have_is_not_found(store: LocalStore, files: dict[str, Path]) -> None:
    prefix = put(store, files)
    with pytest.raises(NotFound, match=r"got x\.txt in .*\. It holds metadata\.json, sub/model\.pth\."):
        store.open(prefix, "x.txt")


@pytest.mark.parametrize("twin", ["product/p001_ALL/lstm", "Product/P001_all/lstm", "product/P001_all/LSTM"])
def test_names_that_differ_in_case_alone_are_refused(store: LocalStore, twin: str) -> None:
    store.claim(LINE, "run")
    with pytest.raises(InvalidInput, match=r"must differ in more than upper and lower case, but got .* beside "):
        store.claim(twin, "run")
    assert sorted(path.name for path in store.root.iterdir()) == ["product"]
    assert store.newest(LINE) == 1


@pytest.mark.parametrize("line", ["../x", "product/../../x", "a//b", "product/\x00", "/etc", "product/" + "x" * 300])
def test_a_line_cannot_leave_the_store(store: LocalStore, line: str) -> None:
    with pytest.raises(InvalidInput, match="A path segment must be 1 to 255 bytes"):
        store.claim(line, "run")
    assert not store.root.exists()


def test_a_link_cannot_lead_out_of_the_store(store: LocalStore, tmp_path: Path) -> None:
    store.root.mkdir()
    (tmp_path / "outside").mkdir()
    (store.root / "product").symlink_to(tmp_path / "outside")
    with pytest.raises(InvalidInput, match="A path must stay inside its folder"):
        store.claim(LINE, "run")
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("name", ["manifest.json", "deleted.json", ".claim", "../x"])
def test_a_file_cannot_take_a_name_that_the_store_needs(store: LocalStore, files: dict[str, Path], name: str) -> None:
    prefix = f"{LINE}/v{store.claim(LINE, 'run')}"
    with pytest.raises(InvalidInput):
        store.fill(prefix, {name: files["metadata.json"]})


def test_only_regular_files_are_stored(store: LocalStore, tmp_path: Path) -> None:
    prefix = f"{LINE}/v{store.claim(LINE, 'run')}"
    with pytest.raises(InvalidInput, match="Only regular files can be stored, but got null"):
        store.fill(prefix, {"x": Path("/dev/null")})
    with pytest.raises(InvalidInput, match="Only regular files can be stored"):
        store.fill(prefix, {"x": tmp_path})
    with pytest.raises(NotFound, match="A file must exist to be stored"):
        store.fill(prefix, {"x": tmp_path / "none"})


def test_a_file_that_changes_while_it_is_copied_is_refused(
    store: LocalStore, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = f"{LINE}/v{store.claim(LINE, 'run')}"

    def grow(_: int) -> None:
        with files["metadata.json"].open("a") as file:
            file.write("more")

    watch(monkeypatch, grow)
    with pytest.raises(Conflict, match=r"must stay as it is while it is stored, but got metadata\.json, which changed"):
        store.fill(prefix, files)


def test_a_full_disk_leaves_no_version_and_the_next_try_finishes(
    store: LocalStore, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0

    def take(size: int) -> None:
        nonlocal taken
        if taken + size > 2_000_000:
            raise full()
        taken += size

    with monkeypatch.context() as fault:
        watch(fault, take)
        with pytest.raises(StorageFailure, match=r"model\.pth must be written to .* but got no space left on the disk"):
            put(store, files)
    assert list(store.trees()) == []
    assert [path.name for path in (store.root / LINE / "v1").rglob("*") if path.is_file()] == [".claim"]
    assert put(store, files) == f"{LINE}/v1"
    assert verify(store, f"{LINE}/v1") == []


def test_a_disk_that_is_full_at_the_claim_costs_no_number(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: int) -> None:
        raise full()

    with monkeypatch.context() as fault:
        watch(fault, refuse)
        with pytest.raises(StorageFailure, match="no space left on the disk"):
            store.claim(LINE, "run")
    assert store.claim(LINE, "run") == 1


def test_a_disk_that_is_full_at_the_manifest_leaves_no_version(
    store: LocalStore, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = f"{LINE}/v{store.claim(LINE, 'run')}"
    entries = store.fill(prefix, files)

    def refuse(_: int) -> None:
        raise full()

    with monkeypatch.context() as fault:
        watch(fault, refuse)
        with pytest.raises(StorageFailure, match=r"manifest\.json must be written"):
            store.commit(prefix, entries)
    assert list(store.trees()) == []
    assert not list((store.root / prefix).glob("*manifest*"))
    store.commit(prefix, entries)
    assert list(store.trees()) == [prefix]


def test_without_hard_links_the_manifest_is_still_exclusive(
    store: LocalStore, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(os, "link", unsupported)
    prefix = put(store, files)
    assert list(store.trees()) == [prefix]
    with pytest.raises(Conflict):
        store.commit(prefix, [])


def test_foreign_folders_and_files_are_passed_over(store: LocalStore, files: dict[str, Path]) -> None:
    prefix = put(store, files)
    (store.root / "product" / "manifest.json").write_text('{"name": "a web app"}')
    (store.root / "product" / "P002_all" / "lstm" / "v1").mkdir(parents=True)
    (store.root / "product" / "P003_all" / "lstm" / "v1").mkdir(parents=True)
    (store.root / "product" / "P003_all" / "lstm" / "v1" / "manifest.json").write_text('{"files": [')
    (store.root / "product" / "P001_all" / "lstm" / "vNext").mkdir()
    (store.root / "README.md").write_text("ours")
    assert list(store.trees()) == [prefix]
    assert store.claim("product/P002_all/lstm", "run") == 2


def test_a_tree_that_was_copied_by_hand_is_a_tree_and_one_removed_is_none(
    store: LocalStore, files: dict[str, Path]
) -> None:
    prefix = put(store, files)
    shutil.copytree(store.root / prefix, store.root / LINE / "v7", ignore=shutil.ignore_patterns(".claim"))
    shutil.rmtree(store.root / prefix)
    assert list(store.trees()) == [f"{LINE}/v7"]
    assert verify(store, f"{LINE}/v7") == []
    assert store.claim(LINE, "next") == 8


PUBLISHER = """
import sys
from pathlib import Path
from tidebook.store import LocalStore
store, name = LocalStore(sys.argv[1]), sys.argv[2]
for n in range(int(sys.argv[3])):
    prefix = f"product/P001_all/lstm/v{store.claim('product/P001_all/lstm', f'{name}-{n}')}"
    store.commit(prefix, store.fill(prefix, {"metadata.json": Path(sys.argv[4])}))
    print(prefix)
"""


def test_processes_that_publish_to_one_line_lose_nothing_and_double_nothing(
    store: LocalStore, files: dict[str, Path]
) -> None:
    count, each = 6, 15
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, str(store.root), f"p{n}", str(each), str(files["metadata.json"])],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(count)
    ]
    said = [line for process in processes for line in process.communicate()[0].split()]
    assert all(process.returncode == 0 for process in processes)
    assert sorted(said) == sorted(f"{LINE}/v{n}" for n in range(1, count * each + 1))
    assert sorted(store.trees()) == sorted(said)
    owners = {store.manifest(prefix)["owner"] for prefix in said}
    assert owners == {f"p{p}-{n}" for p in range(count) for n in range(each)}
    assert all(verify(store, prefix) == [] for prefix in said)


def test_the_settings_name_the_store(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_store(settings).location("") == str(settings.saved_models)
    monkeypatch.setenv("TIDEBOOK_STORE", f"file://{tmp_path}/with%20space")
    assert open_store(Settings()).location("") == str(tmp_path / "with space")
    monkeypatch.setenv("TIDEBOOK_STORE", str(tmp_path / "plain"))
    assert open_store(Settings()).location("") == str(tmp_path / "plain")
    for url in ("s3://key:secret@bucket/prefix", "ftp://key:secret@host/prefix"):
        monkeypatch.setenv("TIDEBOOK_STORE", url)
        with pytest.raises(InvalidInput) as caught:
            open_store(Settings())
        assert "secret" not in str(caught.value)
