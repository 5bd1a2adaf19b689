"""Homes with things to keep and things that go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.unit.registry.published import metadata
from tidebook.catalog.database import Database
from tidebook.catalog.datasets import Datasets
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.runs import Runs
from tidebook.catalog.sync import Sync
from tidebook.catalog.versions import Versions
from tidebook.core.files import write_json
from tidebook.core.ids import new_id
from tidebook.core.settings import Settings
from tidebook.registry.versions import raise_to
from tidebook.store import LocalStore

LINE = "product/P001_all/lstm"


def publish(
    settings: Settings,
    line: str = LINE,
    *,
    wape: float | None = 0.2,
    day: int = 1,
    weights: bytes | None = None,
    **more: Any,
) -> str:
    """The address of a new version with two files, small by default; no model that could be loaded."""
    store = LocalStore(settings.saved_models)
    number = store.claim(line, new_id("VIEW"))
    address = f"{line}/v{number}"
    source = settings.home / "source"
    source.mkdir(parents=True, exist_ok=True)
    write_json(source / "metadata.json", metadata(wape, day, **more))
    (source / "model.pth").write_bytes(weights or address.encode() * 100)
    files = {name: source / name for name in ("metadata.json", "model.pth")}
    store.commit(address, store.fill(address, files))
    raise_to(store, {line.replace("/", "_"): number})
    return address


def forecast(settings: Settings, model: str, *, days: float = 0, **more: Any) -> str:
    """The id of a new forecast, made `days` ago."""
    name = new_id("PRED")
    made = datetime.now(UTC) - timedelta(days=days)
    curve = {"dates": ["2026-01-01"], "values": [1.0]}
    result = {
        "format_version": 1,
        "id": name,
        "created_at": made.isoformat(timespec="milliseconds"),
        "model": {"address": model, "description": "a model"},
        "horizon": 1,
        "origin": "2026-01-01",
        "series": [{"product_id": "P001", "store_id": "all", "history": curve, "prediction": curve}],
        **more,
    }
    write_json(settings.saved_predictions / f"{name}.json", result)
    return name


def run(settings: Settings, name: str, *, days: float = 0, status: str = "failed", **labels: Any) -> Path:
    """The folder of a run that ended `days` ago."""
    folder = settings.out / name
    moment = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
    head = {"format_version": 1, "run_name": name, "id": "0" * 32, "created_at": moment, "finished_at": moment}
    write_json(folder / "metadata.json", {**head, "updated_at": moment, "model_type": "lstm", "status": status})
    (folder / "logs").mkdir()
    (folder / "logs" / "training.log").write_text("a line\n")
    (folder / "logs" / "metrics.json").write_text("[\n]")
    if labels:
        write_json(folder / "labels.json", {"format_version": 1, **labels})
    return folder


def synced(database: Database, settings: Settings) -> Sync:
    """Rows as the files are."""
    runs = RunSync(settings, Runs(database))
    sync = Sync(settings, Versions(database), Predictions(database, settings), Datasets(database, settings), runs)
    sync.everything()
    sync.runs.look(60)
    return sync
