"""The rows of versions answer lists as a scan of the folders does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tidebook.catalog.database import Database
from tidebook.catalog.datasets import Datasets
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.runs import Runs
from tidebook.catalog.sync import Sync
from tidebook.catalog.versions import Versions
from tidebook.core.files import write_json
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager
from tidebook.registry.scan import ScanIndex
from tidebook.store import LocalStore, open_store

LINES = ["product/P001_all/lstm", "product/P002_all/lstm", "store/S001_all/seasonal_naive", "global/all/sum/lstm"]


def put(
    store: LocalStore, tmp_path: Path, line: str, *, wape: float, second: int, end: str = "2025-01-31", **more: Any
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
    return open_store(settings)


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
    ],
)
def test_rows_and_folders_give_the_same_lists(
    database: Database, store: LocalStore, sync: Sync, tmp_path: Path, wanted: dict[str, Any]
) -> None:
    for second, line in enumerate([*LINES, LINES[0], LINES[0], LINES[3]]):
        project = "north" if second % 3 else "default"
        put(store, tmp_path, line, wape=0.3 - second / 100, second=second // 2, project=project)
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
    ModelManager(settings).delete(second)
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
