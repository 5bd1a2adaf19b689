"""Where versions come from, and what changed between two of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.registry.published import LINE, metadata
from tidebook.core.files import write_json
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager
from tidebook.registry.lineage import lineage


@pytest.fixture
def pair(models: ModelManager, run: Path) -> ModelManager:
    """Two versions that differ in most things."""
    data = {
        "id": None,
        "path": "sales.parquet",
        "fingerprint": "aa",
        "first_date": "2023-01-01",
        "last_date": "2024-01-01",
    }
    models.publish(run, LINE, metadata(dataset=data), {"old.png": run / "config.json"}, publish_id="one")
    write_json(run / "results" / "eval_results.json", {"mae": 9.0})
    other = {"epochs": 5, "width": 8, "flag": 1}
    models.publish(
        run,
        LINE,
        metadata(
            0.1,
            day=2,
            hyperparameters=other,
            metrics={"wape": 0.2, "r2": 0.5, "points": 12, "odd": "NaN"},
            dataset={**data, "fingerprint": "bb"},
        ),
        {"new.png": run / "config.json"},
        publish_id="two",
    )
    return models


def test_two_versions_are_compared_by_files_hyperparameters_metrics_and_facts(pair: ModelManager) -> None:
    compared = pair.compare(f"{LINE}/v1", f"{LINE}/v2")
    files = {row["path"]: row["status"] for row in compared["files"]}
    assert files == {
        "config.json": "same",
        "eval_results.json": "changed",
        "metadata.json": "changed",
        "model.pth": "same",
        "new.png": "added",
        "old.png": "removed",
    }
    added = next(row for row in compared["files"] if row["path"] == "new.png")
    assert added["a_size"] is None
    assert added["b_size"] > 0
    values = {row["name"]: (row["a"], row["b"], row["changed"]) for row in compared["hyperparameters"]}
    assert values == {"epochs": (3, 5, True), "flag": (None, 1, True), "width": (None, 8, True)}
    metrics = {row["name"]: (row["difference"], row["better"]) for row in compared["metrics"]}
    assert metrics == {
        "odd": (None, None),
        "points": (None, None),
        "r2": (None, None),
        "wape": (pytest.approx(-0.05), "b"),
    }
    facts = {row["name"]: row["changed"] for row in compared["facts"]}
    assert facts["fingerprint"]
    assert not facts["dataset"]
    assert (compared["a"]["version"], compared["b"]["version"]) == ("v1", "v2")
    assert "files" not in compared["a"]
    back = {row["name"]: row["better"] for row in pair.compare(f"{LINE}/v2", f"{LINE}/v1")["metrics"]}
    assert back["wape"] == "a"


def test_a_version_compared_with_itself_is_the_same(pair: ModelManager) -> None:
    compared = pair.compare(f"{LINE}/v1", f"{LINE}@best")
    assert any(row["changed"] for row in compared["facts"])
    same = pair.compare(f"{LINE}/v1", f"{LINE}/v1")
    assert {row["status"] for row in same["files"]} == {"same"}
    assert not any(row["changed"] for row in (*same["hyperparameters"], *same["facts"]))


def test_the_lineage_leads_to_run_data_and_code(settings: Settings, run: Path) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    run.parent.rename(settings.out)
    models = ModelManager(settings)
    folder = settings.out / "run_1"
    address = models.publish(
        folder, LINE, metadata(task_id="TRAI1", dataset={"id": "DSET1", "fingerprint": "f00"}), publish_id="one"
    )
    write_json(
        folder / "context.json",
        {"git": {"commit": "abc", "branch": "main", "dirty": True}, "packages": {"tidebook": "1.2"}},
    )
    found = models.get(address)["lineage"]
    assert (found["run_name"], found["run_exists"], found["task_id"], found["fingerprint"]) == (
        "run_1",
        True,
        "TRAI1",
        "f00",
    )
    assert found["code"] == {"commit": "abc", "branch": "main", "dirty": True, "package": "1.2"}
    own = models.publish(folder, LINE, metadata(code={"commit": "own", "dirty": "?"}), publish_id="two")
    assert models.get(own)["lineage"]["code"] == {"commit": "own", "branch": None, "dirty": None, "package": None}
    folder.rename(settings.out / "elsewhere")
    assert not models.get(address)["lineage"]["run_exists"]


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"run_name": "../../etc", "dataset": "sales", "code": [], "hyperparameters": {"members": 3}},
        {"run_name": "\x00", "dataset": {"fingerprint": 3}, "task_id": {}, "code": {"commit": 1}},
    ],
)
def test_strange_metadata_lead_nowhere(tmp_path: Path, metadata: dict[str, object]) -> None:
    found = lineage(metadata, tmp_path)
    assert (found["run_exists"], found["code"], found["fingerprint"], found["members"]) == (False, None, None, [])


def test_an_ensemble_names_its_members(tmp_path: Path) -> None:
    named = {"hyperparameters": {"members": f" {LINE}/v1 , /product/P002_all/kan/v2"}}
    assert lineage(named, None)["members"] == [f"{LINE}/v1", "product/P002_all/kan/v2"]
