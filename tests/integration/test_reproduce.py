"""A run is trained again from its record, and the same comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tidebook
from tests.acceptance.tables import small_table
from tidebook.core.errors import InvalidInput
from tidebook.core.settings import Settings
from tidebook.jobs.reproduce import reproduce
from tidebook.jobs.train import TrainResult, train
from tidebook.records import labels
from tidebook.runs import TrainingManager
from tidebook.runs.record import summary
from tidebook.specs import TrainSpec

TINY = {"epochs": 2, "hidden_size": 8, "num_layers": 1, "seq_length": 28, "output_length": 7}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two stores, two products, 200 days."""
    path = tmp_path / "sales.parquet"
    small_table().write_parquet(path)
    return path


def trained(table: Path, settings: Settings, **more: Any) -> TrainResult:
    spec = TrainSpec(dataset=str(table), product_ids=("P1",), hyperparameters=TINY, seed=3, project="east", **more)
    return train(spec, settings, owner="USER1")


def rewrite(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_training_records_what_it_takes_to_repeat_it(table: Path, settings: Settings) -> None:
    result = trained(table, settings)
    found = json.loads((result.run_folder / "context.json").read_text())
    assert found["spec"]["hyperparameters"] == TINY
    assert (found["seed"], found["device"], found["batch_size"]) == (3, "cpu", 32)
    assert found["threads"] >= 1
    assert found["weights"].startswith("blake3:")
    data = found["data"]
    assert (data["dataset"], data["series"], data["rows"]) == (str(table), 2, 400)
    assert data["fingerprint"].startswith("blake3:")
    assert all(isinstance(sentence, str) for sentence in data["audit"])
    item = summary(result.run_folder)
    assert (item["project"], item["owner"], item["version"]) == ("east", "USER1", result.version)
    assert (item["dataset"], item["params"]["hidden_size"]) == (str(table), 8)
    assert item["metrics"].keys() >= {"train_loss", "val_loss", "wape"}


def test_a_run_that_is_trained_again_comes_out_equal_to_the_last_bit(table: Path, settings: Settings) -> None:
    result = trained(table, settings)
    again = reproduce(result.run_name, settings)
    assert (again.equal, again.weights_equal, again.differences) == (True, True, [])
    assert again.metrics["wape"][0] == again.metrics["wape"][1] == result.metrics["wape"]
    assert again.new_run != result.run_name
    folder = settings.out / again.new_run
    assert labels.read(folder) == labels.Labels("east", "USER1", {"reproduces": result.run_name})
    assert summary(folder)["version"] is None
    assert json.loads(json.dumps(again.to_json()))["equal"] is True


def test_a_run_is_trained_again_from_another_folder_and_where_another_program_left_it(
    table: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(table.parent)
    result = trained(Path(table.name), settings)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    moved = tmp_path / "elsewhere" / "out" / result.run_name
    moved.parent.mkdir()
    result.run_folder.rename(moved)
    again = reproduce(result.run_name, settings, out=moved.parent)
    assert again.equal
    assert (settings.out / again.new_run).is_dir()


def test_what_is_different_now_is_named(table: Path, settings: Settings) -> None:
    result = trained(table, settings)
    frame = small_table()
    frame.with_columns(frame["sales"] * 2).write_parquet(table)
    record = result.run_folder / "context.json"
    packages = json.loads(record.read_text())["packages"]
    rewrite(record, packages={**packages, "torch": "1.0", "gone": "7"}, threads=2, batch_size=16)
    again = reproduce(result.run_name, settings)
    assert (again.equal, again.weights_equal) == (False, False)
    assert again.metrics["mae"][0] != again.metrics["mae"][1]
    found = {(each.kind, each.name): (each.before, each.now) for each in again.differences}
    assert found.keys() == {("data", "fingerprint"), ("package", "torch"), ("package", "gone")}
    assert found["package", "gone"] == ("7", None)
    config = TrainingManager.load_run(again.new_run, settings.out).load_config()
    assert config["batch_size"] == 16


def test_a_run_of_anybodys_code_cannot_be_trained_again_from_here(settings: Settings) -> None:
    run = tidebook.start_run(resources=False)
    run.finish()
    with pytest.raises(InvalidInput, match="The record of a run must hold the request it was trained with"):
        reproduce(run.run_name, settings)


def test_a_run_on_a_data_frame_needs_the_frame_again(settings: Settings) -> None:
    result = tidebook.train(small_table(), product_ids=["P1"], hyperparameters=TINY, publish=False)
    with pytest.raises(InvalidInput, match="must be a file or a registered dataset"):
        reproduce(result.run_name, settings)
    assert reproduce(result.run_name, settings, source=small_table()).equal


def test_a_run_is_trained_again_where_it_belongs_now(table: Path, settings: Settings) -> None:
    result = trained(table, settings)
    labels.change(result.run_folder, project="moved")
    again = reproduce(result.run_name, settings)
    assert again.equal
    assert labels.read(settings.out / again.new_run).project == "moved"
