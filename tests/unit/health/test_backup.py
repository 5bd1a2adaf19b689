"""A backup of a home that is in use, and a home from it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from tests.unit.retention.homes import LINE, forecast, publish, run, synced
from tests.unit.store.test_archiving import member, tar
from tidebook.catalog.database import open_database
from tidebook.catalog.migrate import migrate
from tidebook.catalog.users import Users
from tidebook.core.errors import Conflict, DataFault, InvalidInput, NotFound
from tidebook.core.settings import Settings
from tidebook.health import copying
from tidebook.health.backup import backup
from tidebook.health.copying import Snapshot, cut_array, snapshots
from tidebook.health.fsck import fsck
from tidebook.health.restore import restore
from tidebook.records import forecast as forecasts
from tidebook.registry import ModelManager
from tidebook.retention import moving
from tidebook.retention.forecasts import open_forecast
from tidebook.runs import TrainingManager
from tidebook.runs.delete import delete_run
from tidebook.runs.log_reading import last_entries
from tidebook.runs.record import is_run
from tidebook.store import LocalStore, verify
from tidebook.store.copying import moment

FORMS = ["folder", "copy.tar.zst"]


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A home with something of everything."""
    for n in range(3):
        publish(settings, day=n + 1)
    ModelManager(settings).set_alias(f"{LINE}/v1", "production")
    ModelManager(settings).delete(f"{LINE}/v2", "by hand")
    LocalStore(settings.saved_models).claim(LINE, "somebody")
    forecast(settings, f"{LINE}/v1")
    run(settings, "run_1")
    (settings.home / "cache").mkdir(exist_ok=True)
    (settings.home / "cache" / "big").write_bytes(b"x" * 1000)
    database = open_database(settings)
    migrate(database)
    Users(database).create_administrator()
    Users(database).add("anna")
    synced(database, settings)
    database.close()
    return settings


def files(folder: Path) -> dict[str, bytes]:
    """All files but the database and the cache."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    left_out = ("tidebook.db", "cache/", "source/")
    return {name: path.read_bytes() for name, path in found.items() if not name.startswith(left_out)}


def times(folder: Path) -> dict[str, str]:
    """When each file of versions was written, as manifests say it."""
    return {
        str(path.relative_to(folder)): moment(path.stat().st_mtime_ns)
        for path in (folder / "saved_models").rglob("model.pth")
    }


@pytest.mark.parametrize("form", FORMS)
def test_a_home_comes_back_as_it_was_with_its_users_and_lists(home: Settings, tmp_path: Path, form: str) -> None:
    made = backup(home, tmp_path / form)
    assert made.left_out == ()
    restored = restore(tmp_path / form, tmp_path / "new" / "home")
    assert (restored.files, restored.bytes) == (made.files, made.bytes)
    there = Settings(home=tmp_path / "new" / "home")
    assert files(there.home) == files(home.home)
    assert times(there.home) == times(home.home)
    database = open_database(there)
    assert "anna" in {user["id"] for user in Users(database).all()}
    database.close()
    models = ModelManager(there)
    assert {item["version"] for item in models.list_models()["models"]} == {"v1", "v3"}
    assert models.get_next_version_number("product_P001_all_lstm") == 5
    assert str(models.resolve(LINE, "production")) == f"{LINE}/v1"
    assert all(verify(models.store, f"{LINE}/{version}") == [] for version in ("v1", "v3"))
    assert list(fsck(there)) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_backup_is_for_its_owner_alone_and_nothing_is_overwritten(home: Settings, tmp_path: Path, form: str) -> None:
    backup(home, tmp_path / form)
    assert stat.S_IMODE((tmp_path / form).stat().st_mode) & 0o077 == 0
    with pytest.raises(Conflict):
        backup(home, tmp_path / form)
    with pytest.raises(Conflict):
        backup(home, home.home / "backup")
    with pytest.raises(NotFound):
        backup(Settings(home=tmp_path / "nothing"), tmp_path / "other")
    with pytest.raises(Conflict):
        restore(tmp_path / form, home.home)
    with pytest.raises(NotFound):
        restore(tmp_path / "nothing", tmp_path / "there")
    (tmp_path / "empty").mkdir()
    restore(tmp_path / form, tmp_path / "empty")
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_damaged_backup_makes_no_home(home: Settings, tmp_path: Path) -> None:
    backup(home, tmp_path / "copy.tar.zst")
    content = (tmp_path / "copy.tar.zst").read_bytes()
    positions = range(10, len(content), len(content) // 25)
    wrong = [content[:position] + bytes([content[position] ^ 4]) + content[position + 1 :] for position in positions]
    for fault in (*wrong, content[:-20], content[: len(content) // 2], b"", b"nothing"):
        (tmp_path / "bad.tar.zst").write_bytes(fault)
        try:
            restore(tmp_path / "bad.tar.zst", tmp_path / "there")
        except DataFault:
            assert not (tmp_path / "there").exists()
        else:  # A bit that zstd does not look at.
            assert files(tmp_path / "there") == files(home.home)
            shutil.rmtree(tmp_path / "there")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda root: (root / "saved_models/product/P001_all/lstm/v1/model.pth").write_bytes(b"other"),
        lambda root: (root / "saved_models/product/P001_all/lstm/v1/model.pth").unlink(),
        lambda root: (root / "more").write_bytes(b"more"),
        lambda root: (root / "link").symlink_to("/etc/passwd"),
        lambda root: (root / "backup.json").unlink(),
        lambda root: (root / "backup.json").write_text('{"files": [{}]}'),
    ],
)
def test_a_folder_that_is_not_as_it_was_written_makes_no_home(
    home: Settings, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    backup(home, tmp_path / "folder")
    spoil(tmp_path / "folder")
    with pytest.raises(DataFault):
        restore(tmp_path / "folder", tmp_path / "there")
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside"])
def test_a_backup_that_leads_outside_writes_nothing_there(tmp_path: Path, name: str) -> None:
    (tmp_path / "bad.tar.zst").write_bytes(tar((member(name), b"abc")))
    with pytest.raises(InvalidInput):
        restore(tmp_path / "bad.tar.zst", tmp_path / "there")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.tar.zst"]


def test_a_home_in_use_is_copied_consistently(home: Settings, tmp_path: Path) -> None:
    """Runs write, versions come and go, and rows change while it is copied."""
    stop = threading.Event()

    def busy() -> None:
        manager = TrainingManager(model_type="lstm", output_dir=home.out, run_name="busy")
        number = 0
        while not stop.is_set():
            number += 1
            for step in range(20):
                manager.log_metrics(number, {"loss": 1 / (step + 1)})
            address = publish(home, day=1)
            if number % 2:
                LocalStore(home.saved_models).delete(address, "again")
            forecast(home, address)
        manager.update_status("completed")

    thread = threading.Thread(target=busy)
    thread.start()
    try:
        for number in range(6):
            backup(home, tmp_path / f"copy{number}")
    finally:
        stop.set()
        thread.join()
    for number in range(6):
        target = Settings(home=tmp_path / f"home{number}")
        restore(tmp_path / f"copy{number}", target.home)
        models = ModelManager(target)
        for item in models.list_models()["models"]:
            assert verify(models.store, item["address"]) == []
        for log in target.out.glob("*/logs/metrics.json"):
            json.loads(log.read_bytes())
            assert isinstance(list(last_entries(log)), list)
        for log in target.out.glob("*/logs/training.log"):
            assert log.read_bytes()[-1:] in {b"\n", b""}
        with sqlite3.connect(target.home / "tidebook.db") as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()


def test_a_store_elsewhere_is_named_and_comes_along_when_asked(tmp_path: Path, settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"store": str(tmp_path / "elsewhere"), "archive": "s3://bucket/archive"})
    beside = Settings(home=tmp_path / "beside")
    publish(beside)
    (beside.saved_models).rename(tmp_path / "elsewhere")
    ModelManager(elsewhere).set_alias(f"{LINE}/v1", "production")
    forecast(settings, f"{LINE}/v1")
    made = backup(elsewhere, tmp_path / "without")
    assert made.left_out == (f"store: {tmp_path / 'elsewhere'}", "archive: s3://bucket/archive")
    backup(elsewhere, tmp_path / "with", store=True)
    restore(tmp_path / "with", tmp_path / "there")
    there = ModelManager(Settings(home=tmp_path / "there"))
    assert verify(there.store, f"{LINE}/v1") == []
    assert str(there.resolve(LINE, "production")) == f"{LINE}/v1"


@pytest.mark.parametrize("action", ["delete", "archive"])
@pytest.mark.parametrize("after", ["manifest.json", "metadata.json", ".claim"])
def test_what_goes_while_it_is_copied_is_gone_or_in_the_archive_in_the_copy(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, after: str
) -> None:
    def meanwhile(settings: Settings) -> Iterator[Snapshot]:
        for snapshot in snapshots(settings):
            yield snapshot
            if snapshot.path == f"saved_models/{LINE}/v3/{after}":
                if action == "delete":
                    LocalStore(home.saved_models).delete(f"{LINE}/v3", "meanwhile")
                else:
                    moving.archive(home, "version", f"{LINE}/v3", by=None)
            if snapshot.path == "out/run_1/metadata.json":
                if action == "delete":
                    delete_run(home.out / "run_1")
                else:
                    moving.archive(home, "run", "run_1", by=None)

    monkeypatch.setattr("tidebook.health.backup.snapshots", meanwhile)
    backup(home, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "there")
    there = Settings(home=tmp_path / "there")
    models = ModelManager(there)
    visible = [item["version"] for item in models.list_models()["models"]]
    assert visible == (["v1"] if action == "delete" else ["v3", "v1"])
    for version in visible:
        assert models.open(f"{LINE}/{version}", "model.pth").read_bytes() == f"{LINE}/{version}".encode() * 100
    assert not is_run(there.out / "run_1")
    if action == "archive":
        moving.restore(there, "run", "run_1")
        assert (there.out / "run_1" / "logs" / "training.log").read_text() == "a line\n"


@pytest.mark.parametrize("archived_first", [False, True])
def test_a_forecast_that_moves_while_it_is_copied_is_in_the_copy(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archived_first: bool
) -> None:
    [name] = forecasts.every(home)
    if archived_first:
        moving.archive(home, "forecast", name, by=None)

    def meanwhile(settings: Settings) -> Iterator[Snapshot]:
        walked = copying._walk

        def moved(folder: Path, taken: Collection[Path]) -> Iterator[Path]:
            for path in walked(folder, taken):
                if path.name.startswith("PRED") and path.parent == home.saved_predictions:
                    if archived_first:
                        moving.restore(home, "forecast", name)
                    else:
                        moving.archive(home, "forecast", name, by=None)
                yield path

        monkeypatch.setattr(copying, "_walk", moved)
        yield from snapshots(settings)

    monkeypatch.setattr("tidebook.health.backup.snapshots", meanwhile)
    backup(home, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "there")
    there = Settings(home=tmp_path / "there")
    assert forecasts.every(there) == {name: not archived_first}
    assert open_forecast(there, name)[0]["id"] == name


@pytest.mark.parametrize("once_more", [False, True])
@pytest.mark.parametrize("after", ["manifest.json", "metadata.json", "archived.json", ".claim"])
def test_what_comes_back_while_it_is_copied_is_whole_in_the_copy(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str, once_more: bool
) -> None:
    """Also what goes there and comes back while it is copied."""
    name, version = next(iter(forecasts.every(home))), f"{LINE}/v3"
    things: list[tuple[moving.Kind, str]] = [("version", version), ("forecast", name), ("run", "run_1")]
    for kind, each in things:
        moving.archive(home, kind, each, by=None)

    def meanwhile(settings: Settings) -> Iterator[Snapshot]:
        here = {
            f"saved_models/{version}/{after}": things[:1],
            f"saved_predictions/{name}.archived.json": things[1:2],
            f"out/run_1/{'archived.json' if after == 'archived.json' else 'deleted.json'}": things[2:],
        }
        for snapshot in snapshots(settings):
            for kind, each in here.pop(snapshot.path, []):
                if once_more:
                    moving.restore(home, kind, each)
                    moving.archive(home, kind, each, by=None)
                moving.restore(home, kind, each)
            yield snapshot
        assert here == {}

    monkeypatch.setattr("tidebook.health.backup.snapshots", meanwhile)
    backup(home, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "there")
    there = Settings(home=tmp_path / "there")
    models = ModelManager(there)
    assert models.open(version, "model.pth").read_bytes() == version.encode() * 100
    assert verify(models.store, version) == []
    assert open_forecast(there, name)[0]["id"] == name
    for finding in fsck(there):
        if finding.mend is not None:
            finding.mend()
    assert is_run(there.out / "run_1")
    assert (there.out / "run_1" / "logs" / "training.log").read_text() == "a line\n"


def test_a_version_elsewhere_that_comes_back_while_it_is_copied_is_whole_in_the_copy(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = settings.model_copy(update={"store": str(tmp_path / "elsewhere")})
    publish(settings)
    settings.saved_models.rename(tmp_path / "elsewhere")
    moving.archive(elsewhere, "version", f"{LINE}/v1", by=None)

    def meanwhile(settings: Settings) -> Iterator[Snapshot]:
        moving.restore(elsewhere, "version", f"{LINE}/v1")
        yield from snapshots(settings)

    monkeypatch.setattr("tidebook.health.backup.snapshots", meanwhile)
    backup(elsewhere, tmp_path / "copy", store=True)
    restore(tmp_path / "copy", tmp_path / "there")
    there = ModelManager(Settings(home=tmp_path / "there"))
    assert there.open(f"{LINE}/v1", "model.pth").read_bytes() == f"{LINE}/v1".encode() * 100


@pytest.mark.parametrize("name", ["home.zip", "home.tar.gz", "home-2026-11-21.7z", "home.tar"])
def test_a_name_that_promises_another_form_is_refused(home: Settings, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"\.tar\.zst or \.tzst"):
        backup(home, tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(("name", "is_packed"), [("home.tzst", True), ("home.2026.11.21", False), ("copy", False)])
def test_a_name_without_an_ending_is_that_of_a_folder(
    home: Settings, tmp_path: Path, name: str, is_packed: bool
) -> None:
    backup(home, tmp_path / name)
    assert (tmp_path / name).is_file() is is_packed


@pytest.mark.parametrize(
    ("content", "cut"),
    [
        (b"[\n]", b"[\n]"),
        (b'[\n{"a": 1},\n{"b": 2}\n]', b'[\n{"a": 1},\n{"b": 2}\n]'),
        (b'[\n{"a": 1},\n{"b', b'[\n{"a": 1}\n]'),
        (b'[\n{"a"', b"[\n]"),
        (b"no log", b"no log"),
        (b"", b""),
    ],
)
def test_a_log_is_cut_at_a_whole_entry(content: bytes, cut: bytes) -> None:
    assert cut_array(content) == cut


def test_a_killed_backup_leaves_nothing_that_looks_like_one(home: Settings, tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from tidebook.core.settings import Settings\n"
        "from tidebook.health import backup as b\n"
        "class Killer(b._Folder):\n"
        "    def add(self, snapshot):\n"
        "        os._exit(9) if snapshot.path.endswith('model.pth') else None\n"
        "        return super().add(snapshot)\n"
        "b._Folder = Killer\n"
        f"b.backup(Settings(home=Path({str(home.home)!r})), Path({str(tmp_path / 'copy')!r}))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], env=os.environ).returncode == 9
    assert not (tmp_path / "copy").exists()
    backup(home, tmp_path / "copy")
    restore(tmp_path / "copy", tmp_path / "there")
