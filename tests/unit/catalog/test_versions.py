"""The rows of versions answer lists as a scan of the folders does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tidebook.abc import Bound, Store
from tidebook.catalog import versions
from tidebook.catalog.access import Access
from tidebook.catalog.database import Database
from tidebook.catalog.datasets import Datasets
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.runs import Runs
from tidebook.catalog.sync import Sync
from tidebook.catalog.version_sync import VersionSync
from tidebook.catalog.versions import Versions
from tidebook.core.files import write_json
from tidebook.core.scope import Address
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager
from tidebook.registry.item import read_item
from tidebook.registry.scan import ScanIndex
from tidebook.store import LocalStore

LINES = ["product/P001_all/lstm", "product/P002_all/lstm", "store/S001_all/seasonal_naive", "global/all/sum/lstm"]


def put(
    store: Store, tmp_path: Path, line: str, *, wape: float, second: int, end: str = "2025-01-31", **more: Any
) -> str:
    """A complete version with nothing but metadata."""
    number = store.claim(line, f"{line}-{second}-{wape}")
    source = tmp_path / "metadata.json"
    metadata = {
        "timestamp": f"2026-01-01T00:00:{second:02}+00:00",
        "description": f"training of {line} 中文",
        "run_name": f"run_{second}",
        "validation": {"wape": wape, "end": end},
        **more,
    }
    write_json(source, metadata)
    prefix = f"{line}/v{number}"
    store.commit(prefix, store.fill(prefix, {"metadata.json": source}))
    return prefix


@pytest.fixture
def store(settings: Settings) -> LocalStore:
    """The home's store."""
    return LocalStore(settings.saved_models)


@pytest.fixture
def sync(database: Database, settings: Settings) -> Sync:
    """Of an empty home."""
    rows = Predictions(database, settings), Datasets(database, settings)
    return Sync(settings, Versions(database), *rows, RunSync(settings, Runs(database)))


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"mode": "product"},
        {"scope": "P001_all"},
        {"model_type": "lstm"},
        {"aggregation": "sum"},
        {"search": "p002"},
        {"search": "RUN_3"},
        {"search": "中文"},
        {"search": "100%_"},
        {"offset": 2, "limit": 3},
        {"mode": "product", "model_type": "lstm", "limit": 1},
        {"mode": "store", "search": "lstm"},
        {"project": "north"},
        {"project": "north", "search": "p001", "limit": 1},
        {"project": "unknown"},
        {"metric": Bound("wape", "<=", 0.275)},
        {"metric": Bound("wape", ">", 0.26), "mode": "product"},
        {"metric": Bound("wape", "=", 0.3)},
        {"metric": Bound("mae", "<", 1.0)},
        {"metric": Bound("wape", "<=", 0.29), "project": "north", "limit": 2},
        {"alias": "production"},
        {"alias": "candidate", "mode": "product"},
        {"alias": "nobody"},
        {"archived": True},
        {"archived": False, "limit": 2},
        {"search": "production"},
        {"search": "TEAM=east"},
        {"offset": 100, "limit": 2},
        {"offset": 6, "limit": 2},
    ],
)
@pytest.mark.parametrize("few", [0, 2000])
def test_rows_and_folders_give_the_same_lists(
    database: Database,
    store: LocalStore,
    sync: Sync,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: dict[str, Any],
    few: int,
) -> None:
    monkeypatch.setattr(versions, "FEW", few)
    for second, line in enumerate([*LINES, LINES[0], LINES[0], LINES[3]]):
        project, wape = "north" if second % 3 else "default", 0.3 - second / 100
        put(store, tmp_path, line, wape=wape, second=second // 2, project=project, metrics={"wape": wape})
    models = ModelManager(store)
    models.set_alias(f"{LINES[0]}/v2", "production")
    models.set_alias(f"{LINES[0]}/v2", "candidate")
    models.set_alias(f"{LINES[3]}/v1", "production")
    models.label(f"{LINES[1]}/v1", tags={"team": "east"}, notes="looked at", pinned=True)
    write_json(store.root / LINES[2] / "v1" / "archived.json", {"url": "x", "archived_at": "now", "bytes": 3})
    assert sync.versions() == 7
    assert Versions(database).versions(**wanted) == ScanIndex(store).versions(**wanted)


def test_a_version_that_is_gone_loses_its_row_and_another_becomes_the_best(
    database: Database, settings: Settings, store: LocalStore, sync: Sync, tmp_path: Path
) -> None:
    first = put(store, tmp_path, LINES[0], wape=0.2, second=1)
    second = put(store, tmp_path, LINES[0], wape=0.1, second=2)
    sync.versions()
    rows = Versions(database)
    assert {item["address"]: item["is_best"] for item in rows.versions()[0]} == {first: False, second: True}
    ModelManager(settings).delete(second, "a test", force=True)
    assert sync.versions() == 1
    assert {item["address"]: item["is_best"] for item in rows.versions()[0]} == {first: True}
    assert sync.versions() == 0


def test_other_trees_and_unreadable_metadata_do_no_harm(
    database: Database, store: LocalStore, sync: Sync, tmp_path: Path
) -> None:
    number = store.claim("files/some_model", "me")
    source = tmp_path / "weights.bin"
    source.write_bytes(b"x")
    store.commit(f"files/some_model/v{number}", store.fill(f"files/some_model/v{number}", {"weights.bin": source}))
    broken = put(store, tmp_path, LINES[0], wape=0.1, second=1)
    (store.root / broken / "metadata.json").write_text("{")
    sync.versions()
    items, total = Versions(database).versions()
    assert (total, [item["address"] for item in items]) == (1, [broken])


def test_whatever_is_said_of_a_version_is_in_its_row_at_the_next_look(
    database: Database, store: LocalStore, sync: Sync, tmp_path: Path
) -> None:
    first = put(store, tmp_path, LINES[0], wape=0.2, second=1)
    second = put(store, tmp_path, LINES[0], wape=0.1, second=2)
    sync.everything()
    models = ModelManager(store.root)
    models.set_alias(first, "production")
    models.label(second, tags={"team": "east"})
    sync.look()
    rows = Versions(database)
    assert {item["address"]: (item["aliases"], item["tags"]) for item in rows.versions()[0]} == {
        first: (["production"], {}),
        second: ([], {"team": "east"}),
    }
    models.set_alias(second, "production")
    sync.look()
    assert [item["address"] for item in rows.versions(alias="production")[0]] == [second]
    models.delete(second, "a test", force=True)
    sync.look()
    assert {item["address"]: item["is_best"] for item in rows.versions()[0]} == {first: True}
    assert rows.versions() == ScanIndex(store).versions()


def test_a_look_reads_what_changed_and_nothing_else(
    database: Database, store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = put(store, tmp_path, LINES[0], wape=0.2, second=1)
    put(store, tmp_path, LINES[1], wape=0.2, second=1)
    following = VersionSync(store, Versions(database))
    assert following.everything() == 2
    assert [following.look(), following.look()] == [0, 0]
    ModelManager(store).label(first, notes="read again")
    read: list[str] = []

    def noticed(store: LocalStore, address: Address, named: Any) -> dict[str, Any]:
        read.append(str(address))
        return read_item(store, address, named)

    monkeypatch.setattr("tidebook.catalog.version_sync.read_item", noticed)
    assert following.look() == 1
    assert read == [first]
    assert following.look() == 0


def test_what_was_changed_while_nobody_looked_is_found_at_the_next_start(
    database: Database, store: LocalStore, tmp_path: Path
) -> None:
    address = put(store, tmp_path, LINES[0], wape=0.2, second=1)
    VersionSync(store, Versions(database)).everything()
    ModelManager(store).label(address, notes="at night")
    (store.root / LINES[0] / "aliases.json").write_text(
        '{"aliases": {"by-hand": {"version": "v1", "by": "x", "at": "y", "reason": ""}}, "history": []}'
    )
    assert VersionSync(store, Versions(database)).look() == 1
    [item], _ = Versions(database).versions()
    assert (item["notes"], item["aliases"]) == ("at night", ["by-hand"])


def test_what_another_program_publishes_is_found_though_it_tells_nobody(
    database: Database, store: LocalStore, tmp_path: Path
) -> None:
    following = VersionSync(store, Versions(database))
    following.everything()
    put(store, tmp_path, LINES[0], wape=0.2, second=1)
    (store.root / "versions.json").write_text('{"product_P001_all_lstm": 1}')
    assert [following.look(), following.look()] == [0, 1]
    assert following.look() == 0


def test_a_strange_journal_does_no_harm(database: Database, store: LocalStore, tmp_path: Path) -> None:
    address = put(store, tmp_path, LINES[0], wape=0.2, second=1)
    following = VersionSync(store, Versions(database))
    following.everything()
    write_json(store.root / "changes.json", {"number": 7, "changed": {"../../etc": 6, address: 7, "x": "y"}})
    assert following.look() == 1
    (store.root / "changes.json").write_text("{")
    following.look()
    assert Versions(database).versions()[1] == 1


def test_each_user_has_the_best_of_the_versions_that_they_see(
    database: Database, store: LocalStore, sync: Sync, tmp_path: Path
) -> None:
    for line in LINES[:2]:
        for second, (wape, project) in enumerate([(0.3, "default"), (0.1, "north"), (0.2, "default")]):
            put(store, tmp_path, line, wape=wape, second=second, project=project)
    put(store, tmp_path, LINES[1], wape=0.05, second=9, project="default")
    sync.versions()
    bo = Access("bo", administrator=False, readable=frozenset({"default"}), writable=frozenset({"default"}))
    best = {item["address"] for item in Versions(database, bo).versions()[0] if item["is_best"]}
    assert best == {f"{LINES[0]}/v3", f"{LINES[1]}/v4"}
    assert {item["address"] for item in Versions(database).versions()[0] if item["is_best"]} == {
        f"{LINES[0]}/v2",
        f"{LINES[1]}/v4",
    }
