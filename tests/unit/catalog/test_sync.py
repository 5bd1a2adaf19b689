"""What others change on disk reaches the lists."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.catalog.test_versions import LINES, put
from tests.unit.retention.homes import publish
from tidebook.catalog.access import EVERYTHING
from tidebook.catalog.database import Database
from tidebook.catalog.datasets import Datasets
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.reindex import reindex
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.runs import Runs
from tidebook.catalog.sync import Sync
from tidebook.catalog.versions import Versions
from tidebook.core.clock import timestamp
from tidebook.core.ids import new_id
from tidebook.core.settings import Settings
from tidebook.records import dataset as dataset_records
from tidebook.records import forecast as forecast_records
from tidebook.registry import ModelManager
from tidebook.store import open_store


@pytest.fixture
def datasets(database: Database, settings: Settings) -> Datasets:
    """Rows of datasets."""
    return Datasets(database, settings)


@pytest.fixture
def predictions(database: Database, settings: Settings) -> Predictions:
    """Rows of forecasts."""
    return Predictions(database, settings)


@pytest.fixture
def sync(database: Database, settings: Settings, predictions: Predictions, datasets: Datasets) -> Sync:
    """Of an empty home."""
    return Sync(settings, Versions(database), predictions, datasets, RunSync(settings, Runs(database)))


def save_forecast(settings: Settings, **changes: Any) -> str:
    """A small result on disk."""
    result: dict[str, Any] = {
        "format_version": 1,
        "id": new_id("PRED"),
        "created_at": timestamp(),
        "model": {"address": "product/P001_all/lstm/v1", "description": "lstm"},
        "horizon": 2,
        "origin": "2026-01-01",
        "series": [{"prediction": {"dates": [], "values": [1.25, None]}}, {"prediction": {"dates": [], "values": [2]}}],
        **changes,
    }
    forecast_records.save(settings, result)
    return str(result["id"])


def save_dataset(settings: Settings, name: str, dataset_id: str | None = None) -> str:
    """A small record on disk."""
    record = dataset_records.DatasetRecord(
        id=dataset_id or new_id("DSET"),
        name=name,
        path="/data/x.csv",
        uploaded=False,
        mapping={},
        fingerprint="",
        size_bytes=0,
        rows=1,
        series=1,
        products=1,
        stores=0,
        first_date="2026-01-01",
        last_date="2026-01-01",
        columns=[],
        audit={},
        created_at=timestamp(),
    )
    dataset_records.save(settings, record, products=["P001"], stores=[])
    return record.id


def test_everything_in_the_home_has_a_row_after_the_start(
    settings: Settings, sync: Sync, predictions: Predictions, datasets: Datasets, database: Database, tmp_path: Path
) -> None:
    prediction, dataset = save_forecast(settings), save_dataset(settings, "sales")
    version = put(open_store(settings), tmp_path, LINES[0], wape=0.1, second=1)
    sync.everything()
    [summary] = predictions.page(10, None, EVERYTHING)[0]
    assert (summary["id"], summary["series"], summary["total"], summary["is_archived"]) == (prediction, 2, 3.25, False)
    assert [record["id"] for record in datasets.page(10, None, EVERYTHING)[0]] == [dataset]
    assert [item["address"] for item in Versions(database).versions()[0]] == [version]


def test_a_look_finds_what_was_added_changed_and_removed(
    settings: Settings, sync: Sync, predictions: Predictions, datasets: Datasets
) -> None:
    sync.everything()
    prediction, dataset = save_forecast(settings), save_dataset(settings, "sales")
    sync.look()
    assert [summary["id"] for summary in predictions.page(10, None, EVERYTHING)[0]] == [prediction]
    assert [record["name"] for record in datasets.page(10, None, EVERYTHING)[0]] == ["sales"]
    save_dataset(settings, "renamed", dataset)
    forecast_records.delete(settings, prediction)
    time.sleep(0.05)
    for _ in range(20):
        sync.look()
        time.sleep(0.05)
        if [record["name"] for record in datasets.page(10, None, EVERYTHING)[0]] == ["renamed"]:
            break
    assert [record["name"] for record in datasets.page(10, None, EVERYTHING)[0]] == ["renamed"]
    assert predictions.page(10, None, EVERYTHING) == ([], None)


def test_a_folder_that_did_not_change_is_not_read_again(
    settings: Settings, sync: Sync, predictions: Predictions, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_forecast(settings)
    old = time.time() - 60
    os.utime(settings.saved_predictions, (old, old))
    sync.everything()
    calls: list[int] = []
    monkeypatch.setattr(predictions, "sync", lambda: calls.append(1))
    sync.look()
    assert calls == []
    save_forecast(settings)
    sync.look()
    sync.look()  # so soon after a change a second one could have the same time, so it looks again
    assert calls == [1, 1]


def test_a_damaged_forecast_or_dataset_is_passed_over(
    settings: Settings, sync: Sync, predictions: Predictions, datasets: Datasets
) -> None:
    good = save_forecast(settings)
    (settings.saved_predictions / f"{new_id('PRED')}.json").write_text("{}")
    (settings.saved_predictions / f"{new_id('PRED')}.json").write_text("not JSON")
    broken = settings.datasets / new_id("DSET")
    broken.mkdir(parents=True)
    (broken / "dataset.json").write_text("{}")
    sync.everything()
    assert [summary["id"] for summary in predictions.page(10, None, EVERYTHING)[0]] == [good]
    assert datasets.page(10, None, EVERYTHING) == ([], None)


def test_pages_of_forecasts_are_newest_first_whatever_zone_they_were_saved_in(
    settings: Settings, predictions: Predictions
) -> None:
    late = save_forecast(settings, created_at="2026-01-01T01:00:00+00:00")
    early = save_forecast(settings, created_at="2026-01-01T08:00:00+08:00")
    predictions.sync()
    first, after = predictions.page(1, None, EVERYTHING)
    second, end = predictions.page(1, after, EVERYTHING)
    assert [first[0]["id"], second[0]["id"], end] == [late, early, None]


def test_pages_of_one_project_hold_its_forecasts_alone(settings: Settings, predictions: Predictions) -> None:
    saved = [
        save_forecast(settings, project="north" if hour % 2 else "east", created_at=f"2026-01-01T0{hour}:00:00+00:00")
        for hour in range(4)
    ]
    predictions.sync()
    first, after = predictions.page(1, None, EVERYTHING, "north")
    second, end = predictions.page(1, after, EVERYTHING, "north")
    assert [first[0]["id"], second[0]["id"], end] == [saved[3], saved[1], None]
    assert predictions.page(10, None, EVERYTHING, "unknown") == ([], None)


def test_a_copied_dataset_folder_is_no_dataset_and_a_damaged_one_is_told_once(
    settings: Settings, datasets: Datasets, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (new_id("DSET"), f"{new_id('DSET')} copy"):
        (settings.datasets / name).mkdir(parents=True)
        (settings.datasets / name / "dataset.json").write_text("{")
    assert [datasets.sync() for _ in range(3)] == [0, 0, 0]
    assert caplog.text.count("is passed over") == 1


def test_what_is_wrong_with_runs_does_not_stop_the_start(
    settings: Settings, sync: Sync, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(budget: float) -> int:
        raise RecursionError

    monkeypatch.setattr(sync.runs, "look", fails)
    sync.everything()
    assert "must not stop the start" in caplog.text


HUGE = 2**63


@pytest.mark.parametrize("sizes", [(HUGE, 1), (2**62, 2**62), (-1, 1), (2**53, 0)])
def test_a_manifest_with_sizes_that_no_disk_holds_keeps_no_other_version_out(
    sync: Sync, database: Database, settings: Settings, caplog: pytest.LogCaptureFixture, sizes: tuple[int, int]
) -> None:
    hostile, good = publish(settings), publish(settings)
    manifest = settings.saved_models / hostile / "manifest.json"
    content = json.loads(manifest.read_text())
    for entry, size in zip(content["files"], sizes, strict=True):
        entry["size"] = size
    manifest.chmod(0o644)
    manifest.write_text(json.dumps(content))
    sync.everything()
    assert [item["address"] for item in Versions(database).versions()[0]] == [good]
    assert [item["address"] for item in ModelManager(settings).list_models()["models"]] == [good]
    assert f"version {hostile} is passed over" in caplog.text
    assert reindex(database, settings).versions == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"model": {"address": {"a": 1}, "description": "d"}},
        {"created_at": [1]},
        {"horizon": HUGE},
        {"origin": 5},
        {"id": "PRED" + "0" * 28},
        {"series": [{"prediction": {"values": [HUGE] * 3}}]},
        {"series": [{"prediction": {"values": ["a"]}}]},
        {"series": "x"},
    ],
)
def test_a_damaged_forecast_keeps_no_other_one_out(
    sync: Sync,
    predictions: Predictions,
    database: Database,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, Any],
) -> None:
    good = save_forecast(settings)
    damaged = save_forecast(settings)
    file = forecast_records.path(settings, damaged)
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    sync.everything()
    assert [item["id"] for item in predictions.page(10, None, EVERYTHING)[0]] == [good]
    assert f"forecast {damaged} is passed over" in caplog.text
    assert reindex(database, settings).forecasts == 1
