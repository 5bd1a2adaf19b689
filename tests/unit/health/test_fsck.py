"""fsck finds and explains what is wrong, and repairs what can be repaired without losing anything of anybody."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.retention.homes import LINE, forecast, publish, run, synced
from tidebook.catalog.database import open_database
from tidebook.catalog.migrate import migrate
from tidebook.core.files import read_json, write_json
from tidebook.core.locales import has
from tidebook.core.settings import Settings
from tidebook.health.finding import Finding, told
from tidebook.health.fsck import fsck
from tidebook.health.repair import repair
from tidebook.records import forecast as forecasts
from tidebook.registry import ModelManager
from tidebook.retention import moving
from tidebook.store import LocalStore, verify
from tidebook.store.claims import CLAIM
from tidebook.store.model_file import ModelFile
from tidebook.store.place import Place
from tidebook.store.side import Change

PRED = f"PRED{'a' * 28}"
RUN = "run_1"
V1, V2 = f"{LINE}/v1", f"{LINE}/v2"


@pytest.fixture
def home(settings: Settings) -> Settings:
    """A home in which nothing is wrong."""
    for n in range(2):
        publish(settings, day=n + 1)
    shutil.rmtree(settings.home / "source")
    made = forecast(settings, V1)
    result = forecasts.load(settings, made)
    forecasts.delete(settings, made)
    forecasts.save(settings, {**result, "id": PRED})
    run(settings, RUN)
    database = open_database(settings)
    migrate(database)
    synced(database, settings)
    database.close()
    assert found(settings) == []
    return settings


def found(settings: Settings, *, quick: bool = False) -> list[tuple[str, str]]:
    return sorted({(finding.code, finding.path) for finding in fsck(settings, quick=quick)})


def mended(settings: Settings) -> list[tuple[str, str]]:
    """Repairs, and returns what is found then."""
    for each in repair(list(fsck(settings))):
        assert each.fault == ""
        assert each.done is (each.finding.mend is not None)
    return found(settings)


def aged(path: Path) -> None:
    """Two hours old, with all that is in it."""
    moment = time.time() - 7200
    for each in [*path.rglob("*"), path] if path.is_dir() else [path]:
        os.utime(each, (moment, moment))


def test_missing_changed_and_foreign_files_of_versions_are_told_and_nothing_of_anybody_is_deleted(
    home: Settings,
) -> None:
    folder = home.saved_models / V1
    content = (folder / "model.pth").read_bytes()
    (folder / "model.pth").write_bytes(b"x" + content[1:])
    (folder / "notes.txt").write_text("mine")
    (home.saved_models / V2 / "model.pth").unlink()
    name = f"saved_models/{LINE}"
    all_of_them = [
        ("version_changed", f"{name}/v1/model.pth"),
        ("version_foreign", f"{name}/v1/notes.txt"),
        ("version_missing", f"{name}/v2/model.pth"),
    ]
    assert found(home) == all_of_them
    assert found(home, quick=True) == all_of_them[1:]  # the size is right
    (folder / "model.pth").write_bytes(content[1:])
    assert found(home, quick=True)[0] == all_of_them[0]
    left = mended(home)
    assert left == [all_of_them[0], all_of_them[2]]
    [kept] = (home.home / "lost+found").rglob("notes.txt")
    assert kept.read_text() == "mine"


def test_an_abandoned_claim_is_given_up_once_it_is_old_and_nobody_is_at_it(home: Settings) -> None:
    store = LocalStore(home.saved_models)
    number = store.claim(LINE, "somebody")
    folder = store.root / f"{LINE}/v{number}"
    (folder / "model.pth").write_bytes(b"half")
    assert found(home) == []
    aged(folder)
    assert found(home) == [("claim_abandoned", f"saved_models/{LINE}/v3")]
    assert mended(home) == []
    assert sorted(path.name for path in folder.iterdir()) == ["deleted.json"]
    [kept] = (home.home / "lost+found").rglob("model.pth")
    assert kept.read_bytes() == b"half"
    assert store.claim(LINE, "another") == 4


def test_a_claim_that_was_finished_meanwhile_is_left_alone(home: Settings) -> None:
    store = LocalStore(home.saved_models)
    number = store.claim(LINE, "somebody")
    folder = store.root / f"{LINE}/v{number}"
    aged(folder)
    [finding] = fsck(home)
    source = home.home / "metadata.json"
    write_json(source, {"format_version": 1})
    store.commit(f"{LINE}/v{number}", store.fill(f"{LINE}/v{number}", {"metadata.json": source}))
    assert finding.mend is not None
    finding.mend()
    assert store.manifest(f"{LINE}/v{number}")


def test_half_done_deletions_are_finished(home: Settings) -> None:
    folder = home.saved_models / V1
    write_json(folder / "deleted.json", {"format_version": 1, "deleted_at": "2026-01-01", "reason": "x"})
    write_json(home.out / RUN / "deleted.json", {"format_version": 1, "deleted_at": "2026-01-01", "reason": "x"})
    codes = dict(found(home))
    assert codes["deletion_unfinished"] == f"saved_models/{V1}"
    assert ("deletion_unfinished", f"out/{RUN}") in found(home)
    assert mended(home) == []
    assert [path.name for path in folder.iterdir()] == ["deleted.json"]
    assert [path.name for path in (home.out / RUN).iterdir()] == ["deleted.json"]


def test_what_killed_processes_left_is_removed_but_not_what_somebody_is_at(home: Settings) -> None:
    left = [
        home.saved_predictions / f".{PRED}.json.123-ab12",
        home.out / RUN / ".metadata.json.99-ff",
        home.saved_models / V1 / ".abcdef.part",
        home.home / "tasks" / "x" / ".task.json.7-1",
    ]
    staging = home.saved_models / ".staging" / "abc"
    importing = home.out / ".import-12-abcdef"
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    for folder in (staging, importing):
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"half")
    assert found(home) == []
    for path in (*left, staging, importing):
        aged(path)
    handle = os.open(staging, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert {code for code, _ in found(home)} == {"temporary_left"}
    os.close(handle)
    assert {code for code, _ in found(home)} == {"temporary_left", "workspace_left"}
    assert mended(home) == []
    assert not any(path.exists() for path in (*left, staging, importing))


def test_aliases_of_versions_that_are_gone_are_removed_which_their_history_tells(home: Settings) -> None:
    ModelManager(home).set_alias(V1, "production", by="anna")
    LocalStore(home.saved_models).delete(V1, "past the guard")
    assert ("alias_dangling", f"saved_models/{LINE}/aliases.json") in found(home)
    assert mended(home) == []
    content = ModelManager(home).aliases(LINE)
    assert content["aliases"] == {}
    last = content["history"][-1]
    assert (last["alias"], last["version"], last["previous"], last["by"]) == ("production", None, "v1", "fsck")


def test_records_and_manifests_that_cannot_be_read_are_told(home: Settings) -> None:
    (home.saved_models / V1 / "labels.json").write_text("{")
    (home.saved_models / V2 / "archived.json").write_text("[]")
    (home.saved_models / LINE / "aliases.json").write_text("nonsense")
    assert {path.rpartition("/")[2] for code, path in found(home) if code == "record_broken"} == {
        "labels.json",
        "archived.json",
        "aliases.json",
    }
    (home.saved_models / V1 / "manifest.json").write_text("{")
    assert ("manifest_broken", f"saved_models/{V1}") in found(home)


def test_forecasts_runs_and_datasets_that_are_damaged_are_told(home: Settings) -> None:
    (home.saved_predictions / f"{PRED}.json").write_text("{")
    (home.saved_predictions / "notes.txt").write_text("mine")
    (home.out / RUN / "logs" / "metrics.json").unlink()
    (home.out / "pictures").mkdir()
    (home.datasets / f"DSET{'a' * 28}").mkdir(parents=True)
    (home.datasets / f"DSET{'a' * 28}" / "dataset.json").write_text("{}")
    assert {(code, path) for code, path in found(home) if not code.startswith("row")} == {
        ("forecast_broken", f"saved_predictions/{PRED}.json"),
        ("foreign_folder", "saved_predictions/notes.txt"),
        ("run_damaged", f"out/{RUN}"),
        ("foreign_folder", "out/pictures"),
        ("dataset_broken", f"datasets/DSET{'a' * 28}"),
    }
    left = mended(home)
    assert "forecast_broken" not in dict(left)
    assert (home.saved_predictions / "notes.txt").exists()
    [kept] = (home.home / "lost+found").rglob(f"{PRED}.json")
    assert kept.read_text() == "{"


def test_rows_are_made_again_where_they_are_not_as_the_files(home: Settings) -> None:
    publish(home)
    shutil.rmtree(home.home / "source")
    forecasts.delete(home, PRED)
    assert found(home) == [
        ("file_without_row", f"version {LINE}/v3"),
        ("row_without_file", f"forecast {PRED}"),
    ]
    assert mended(home) == []


def test_a_damaged_database_is_told(home: Settings) -> None:
    content = bytearray((home.home / "tidebook.db").read_bytes())
    content[4096:12288] = os.urandom(8192)
    (home.home / "tidebook.db").write_bytes(content)
    assert "database_broken" in dict(found(home))


def test_what_the_archive_has_lost_is_told(home: Settings) -> None:
    moving.archive(home, "version", V1, by=None)
    moving.archive(home, "forecast", PRED, by=None)
    moving.archive(home, "run", RUN, by=None)
    database = open_database(home)
    synced(database, home)
    database.close()
    assert {code for code, _ in found(home) if "row" not in code} == set()
    shutil.copytree(home.home / "archive", home.home / "copy")
    shutil.rmtree(home.home / "archive")
    assert {path for code, path in found(home) if code == "archive_missing"} == {
        f"saved_models/{V1}",
        f"saved_predictions/{PRED}.archived.json",
        f"out/{RUN}",
    }
    (home.home / "copy").rename(home.home / "archive")
    assert {code for code, _ in found(home) if "row" not in code} == set()


def packs(home: Settings) -> list[Path]:
    return sorted(Path(home.archive_place).rglob("*.tar.zst"))


def test_what_the_archive_holds_too_much_goes_once_it_is_old_and_nobody_misses_it(home: Settings) -> None:
    moving.archive(home, "version", V1, by=None)
    [pack] = packs(home)
    needless, only, anothers = (pack.with_name(name + pack.name[2:]) for name in ("v1", "v9", "v2"))
    content = pack.read_bytes()
    moving.restore(home, "version", V1)
    assert packs(home) == []
    for path in (needless, only, anothers):
        path.write_bytes(content)
    foreign = needless.with_name("notes.tar.zst")
    foreign.write_bytes(b"somebody's")
    assert "archive_orphan" not in dict(found(home))  # It may be in the making.
    for path in (needless, only, anothers, foreign):
        aged(path)
    orphans = {finding.path.rpartition("/")[2]: finding.mend for finding in fsck(home) if finding.code[-6:] == "orphan"}
    assert {name: mend is None for name, mend in orphans.items()} == {"v1": False, "v2": False, "v9": True}
    assert "archive_orphan" in dict(mended(home))
    assert packs(home) == sorted([foreign, only])


def test_what_a_version_misses_is_brought_back_from_the_archive_though_nothing_names_it(home: Settings) -> None:
    moving.archive(home, "version", V1, by=None)
    [pack] = packs(home)
    content = pack.read_bytes()
    moving.restore(home, "version", V1)
    pack.write_bytes(content)
    aged(pack)
    (home.saved_models / V1 / "model.pth").unlink()
    assert {code for code, _ in found(home)} == {"version_missing", "archive_orphan"}
    mended(home)
    assert found(home) == []
    assert packs(home) == []


def test_what_is_archived_while_fsck_looks_is_not_taken_for_needless(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Finding] = []

    def amend(store: LocalStore, prefix: str, name: str, change: Change, **more: bool) -> dict[str, Any] | None:
        if name == "archived.json" and not seen:
            aged(packs(home)[0])  # However old it looks.
            seen.extend(finding for finding in fsck(home) if finding.code == "archive_orphan")
        return amended(store, prefix, name, change, **more)

    amended = LocalStore.amend
    monkeypatch.setattr(LocalStore, "amend", amend)
    moving.archive(home, "version", V1, by=None)
    assert [finding.mend is None for finding in seen] == [False]
    assert all(each.done for each in repair(seen))
    assert ModelManager(home).open(V1, "model.pth").read_bytes() == V1.encode() * 100


def test_what_goes_or_comes_back_while_it_is_looked_at_is_not_missed(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def goes(store: LocalStore, prefix: str) -> list[str]:
        if prefix == V1 and not gone:
            gone.append(prefix)
            moving.archive(home, "version", V1, by=None)
        return verify(store, prefix)

    def comes(place: Place, *arguments: str) -> Any:
        monkeypatch.setattr(Place, "opened", opened)
        moving.restore(home, "version", V1)
        return opened(place, *arguments)

    gone: list[str] = []
    opened = Place.opened
    monkeypatch.setattr("tidebook.health.checks.versions.verify", goes)
    assert found(home) == []
    assert gone == [V1]
    monkeypatch.setattr(Place, "opened", comes)
    assert found(home) == []
    assert verify(LocalStore(home.saved_models), V1) == []


def test_homes_that_share_an_archive_leave_each_others_things_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Settings(home=tmp_path / name, archive=str(tmp_path / "archive")) for name in ("first", "second"))
    for home in (first, second):
        publish(home, wape=None if home is first else 0.5)
        shutil.rmtree(home.home / "source")
    moving.archive(first, "version", V1, by=None)
    shutil.copytree(first.home, tmp_path / "copy")  # A copy is another home.
    for path in packs(first):
        aged(path)
    publish(second)
    copied = Settings(home=tmp_path / "copy", archive=first.archive)
    (copied.saved_models / V1 / "archived.json").unlink()
    for other in (second, copied):
        assert "archive_orphan" not in dict(found(other))
    moving.archive(second, "version", V1, by=None)
    assert len(packs(first)) == 2
    for home in (first, second):
        assert ModelManager(home).open(V1, "model.pth").read_bytes() == V1.encode() * 100


def test_an_archive_that_lies_in_one_home_may_hold_what_is_of_another(tmp_path: Path) -> None:
    first = Settings(home=tmp_path / "first")
    second = Settings(home=tmp_path / "second", archive=first.archive_place)
    for home in (first, second):
        publish(home)
    moving.archive(second, "version", V1, by=None)
    moving.archive(first, "version", V1, by=None)
    for path in packs(first):
        aged(path)
    moving.restore(first, "version", V1)
    assert "archive_orphan" not in dict(found(first))
    assert ModelManager(second).open(V1, "model.pth").read_bytes() == V1.encode() * 100


def test_a_home_that_has_moved_still_knows_what_it_has_put_into_its_archive(home: Settings) -> None:
    moving.archive(home, "version", V1, by=None)
    (home.saved_models / V1 / "archived.json").unlink()
    aged(packs(home)[0])
    moved = Settings(home=home.home.with_name("moved"))
    home.home.rename(moved.home)
    assert "archive_orphan" in dict(found(moved))
    moving.archive(moved, "version", V2, by=None)
    assert "archive_orphan" in dict(found(moved))


def test_packed_files_that_are_cut_or_changed_are_told(home: Settings) -> None:
    for kind, name in (("version", V1), ("forecast", PRED), ("run", RUN)):
        moving.archive(home, kind, name, by=None)  # type: ignore[arg-type]
    names = {f"saved_models/{V1}", f"saved_predictions/{PRED}.archived.json", f"out/{RUN}"}
    contents = {pack: pack.read_bytes() for pack in packs(home)}
    for pack, content in contents.items():
        pack.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    assert {path for code, path in found(home) if code == "archive_broken"} == names
    assert "archive_broken" not in dict(found(home, quick=True))
    for pack, content in contents.items():
        pack.write_bytes(content[:-3])
    assert {path for code, path in found(home, quick=True) if code == "archive_broken"} == names


def test_one_damaged_record_stops_nothing(home: Settings) -> None:
    for kind, name in (("version", V1), ("version", V2), ("forecast", PRED), ("run", RUN)):
        moving.archive(home, kind, name, by=None)  # type: ignore[arg-type]
    for path in packs(home):
        aged(path)
    broken = [f"saved_models/{V1}/archived.json", f"saved_predictions/{PRED}.archived.json", f"out/{RUN}/archived.json"]
    for each in broken:
        (home.home / each).write_text('{"digest":')
    there = found(home)
    assert {path for code, path in there if code == "record_broken"} == set(broken)
    assert "archive_orphan" not in dict(there)
    mended(home)
    assert len(packs(home)) == 4


def test_what_is_all_here_although_the_archive_has_lost_it_counts_as_here(home: Settings) -> None:
    content = (home.saved_models / V1 / "model.pth").read_bytes()
    moving.archive(home, "version", V1, by=None)
    (home.saved_models / V1 / "model.pth").write_bytes(content)
    packs(home)[0].unlink()
    assert ("archived_but_here", f"saved_models/{V1}") in found(home)
    mended(home)
    assert ModelManager(home).item(V1)["archived"] is None
    assert (home.saved_models / V1 / "model.pth").read_bytes() == content


def test_files_of_models_are_checked_against_their_digests(home: Settings, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a.bin", "b.bin", "c.bin"):
        (source / name).write_bytes(name.encode() * 100)
    pipe = ModelFile("churn", "2026-11", center_path=home.saved_models).filepipe()
    pipe.import_dir(source)
    folder = home.saved_models / "files" / "churn" / "2026-11"
    for path in folder.iterdir():
        os.utime(path)  # As in a copy of the home.
    assert found(home) == []
    (folder / "a.bin").write_bytes(b"x" + (folder / "a.bin").read_bytes()[1:])
    (folder / "b.bin").unlink()
    (folder / "c.bin").write_bytes(b"cut")
    name = "saved_models/files/churn/2026-11"
    three = [("file_changed", f"{name}/a.bin"), ("file_changed", f"{name}/c.bin"), ("file_missing", f"{name}/b.bin")]
    assert found(home) == three
    assert found(home, quick=True) == three[1:]


def test_stray_files_beside_versions_are_told(home: Settings) -> None:
    (home.saved_models / "product" / "junk.tmp").write_bytes(b"mine")
    hidden = home.saved_models / V1 / ".model.pth.tmp123"
    hidden.write_bytes(b"half")
    assert found(home) == [("foreign_file", "saved_models/product/junk.tmp")]
    aged(hidden)
    assert ("version_foreign", f"saved_models/{V1}/.model.pth.tmp123") in found(home)


def test_a_workspace_that_somebody_has_taken_since_is_left_alone(home: Settings) -> None:
    store = LocalStore(home.saved_models)
    with store.workspace("name") as folder:
        pass
    folder.mkdir()
    aged(folder)
    [finding] = fsck(home)
    assert finding.code == "workspace_left"
    assert finding.mend is not None
    with store.workspace("name") as again:
        (again / "file").write_text("new")
        finding.mend()
        assert (again / "file").exists()


def test_files_of_an_archived_version_that_are_still_here_go(home: Settings) -> None:
    content = (home.saved_models / V1 / "model.pth").read_bytes()
    moving.archive(home, "version", V1, by=None)
    (home.saved_models / V1 / "model.pth").write_bytes(content)
    assert ("archived_files_left", f"saved_models/{V1}") in found(home)
    mended(home)
    assert not (home.saved_models / V1 / "model.pth").exists()
    assert ModelManager(home).open(V1, "model.pth").read_bytes() == content


def test_a_forecast_that_is_here_and_said_to_be_archived_stays(home: Settings) -> None:
    moving.archive(home, "forecast", PRED, by=None)
    record = read_json(forecasts.archived_path(home, PRED))
    moving.restore(home, "forecast", PRED)
    write_json(forecasts.archived_path(home, PRED), record)
    assert ("archiving_unfinished", f"saved_predictions/{PRED}.archived.json") in found(home)
    mended(home)
    assert forecasts.load(home, PRED)["id"] == PRED
    assert not forecasts.archived_path(home, PRED).exists()


def test_a_version_of_another_program_is_taken_in(home: Settings) -> None:
    folder = home.saved_models / "product/P002_all/lstm/v1"
    write_json(folder / "metadata.json", {"format_version": 1})
    (folder / "model.pth").write_bytes(b"weights")
    assert (folder / CLAIM).exists() is False
    assert ("version_not_adopted", "saved_models/product/P002_all/lstm/v1") in found(home)
    mended(home)
    assert ModelManager(home).item("product/P002_all/lstm/v1")


def test_every_finding_is_explained_in_both_languages(settings: Settings, home: Settings) -> None:
    import ast

    codes: set[str] = set()
    for file in (Path(__file__).parents[3] / "src" / "tidebook" / "health").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                first = node.args[0]
                options = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                codes |= {each.value for each in options if isinstance(each, ast.Constant)}  # type: ignore[misc]
    assert len(codes) > 20
    for code in codes | {"version_missing", "version_changed"}:
        assert has("tidebook.health", code), code
        assert has("tidebook.health", f"{code}_repair"), code
    shown = told(Finding("version_missing", "x"), "zh")
    assert shown["meaning"] != told(Finding("version_missing", "x"), "en")["meaning"]


def test_an_empty_home_is_in_order(settings: Settings) -> None:
    assert found(settings) == []
    assert not settings.home.exists()
