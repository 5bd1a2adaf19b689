from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs.example import train
from tidebook import checkpoint
from tidebook.core import clock
from tidebook.core.errors import Conflict, InvalidInput, NotFound, StorageFailure
from tidebook.runs import STATUSES, TrainingManager
from tidebook.runs.log_reading import read_metrics
from tidebook.runs.names import run_name


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def test_a_run_has_exactly_the_files_of_the_training_output_standard(out: Path) -> None:
    folder = train(out).folder
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "checkpoints/best/metrics.json",
        "checkpoints/best/pytorch_model.bin",
        "checkpoints/checkpoint-10/metrics.json",
        "checkpoints/checkpoint-10/pytorch_model.bin",
        "checkpoints/checkpoint-20/metrics.json",
        "checkpoints/checkpoint-20/pytorch_model.bin",
        "config.json",
        "logs/metrics.json",
        "logs/training.log",
        "metadata.json",
        "model/config.json",
        "model/pytorch_model.bin",
        "model/training_args.json",
        "results/eval_results.json",
        "results/predictions.json",
    ]


def test_the_files_hold_the_fields_of_the_standard(out: Path) -> None:
    manager = train(out)
    folder, name = manager.folder, manager.run_name
    config = read(folder / "config.json")
    created = config.pop("created_at")
    assert config == {
        "format_version": 1,
        "run_name": name,
        "stock_symbol": "000001",
        "model_type": "lstm",
        "data_source": "Parquet",
        "seq_length": 60,
        "epochs": 20,
    }
    metadata = read(folder / "metadata.json")
    assert metadata["updated_at"] >= created == metadata["created_at"]
    assert (
        metadata
        | {
            "run_name": name,
            "stock_symbol": "000001",
            "model_type": "lstm",
            "data_source": "Parquet",
            "status": "completed",
            "model_saved": True,
            "model_path": str(folder / "model" / "pytorch_model.bin"),
            "evaluation_completed": True,
            "eval_metrics": {"mae": 0.5, "r2": 0.25},
        }
        == metadata
    )
    entries = read(folder / "logs" / "metrics.json")
    assert [sorted(entry) for entry in entries] == [["epoch", "phase", "timestamp", "train_loss", "val_loss"]] * 2
    assert entries[0]["phase"] == "train"
    evaluated = read(folder / "results" / "eval_results.json")
    assert {"evaluated_at", "stock_symbol", "model_type", "mae", "test_samples"} <= set(evaluated)
    assert read(folder / "results" / "predictions.json") == [
        {"series": "all", "date": "2024-01-01", "actual": 1.0, "prediction": 1.5}
    ]
    assert read(folder / "model" / "training_args.json") == {"format_version": 1, "epochs": 20, "optimizer": "Adam"}
    assert (folder / "logs" / "training.log").read_text().endswith("] 开始训练\n")


def test_the_final_weights_are_the_state_dict_alone(out: Path) -> None:
    manager = train(out)
    model = torch.nn.Linear(manager.load_model_config()["input_size"], 1)
    model.load_state_dict(torch.load(manager.get_model_path()))


def test_a_checkpoint_holds_the_whole_state_and_best_is_that_of_the_lowest_validation_loss(out: Path) -> None:
    manager = train(out)
    newest = manager.latest_checkpoint()
    assert newest == manager.folder / "checkpoints" / "checkpoint-20" / "pytorch_model.bin"
    content = checkpoint.load(newest)
    assert set(content) == {"epoch", "model_state_dict", "optimizer_state_dict", "metrics", "timestamp"}
    assert content["metrics"] == {"train_loss": 0.05, "val_loss": 0.7}
    best = checkpoint.load(manager.folder / "checkpoints" / "best" / "pytorch_model.bin")
    assert best["epoch"] == read(manager.folder / "checkpoints" / "best" / "metrics.json")["epoch"] == 10


def test_best_is_kept_also_between_the_regular_checkpoints_and_is_the_newest_state_then(out: Path) -> None:
    manager = TrainingManager("1", "lstm", out)
    assert manager.latest_checkpoint() is None
    content = {"model_state_dict": {}, "optimizer_state_dict": {}, "rng": torch.zeros(3)}
    manager.write_checkpoint(10, content, {"val_loss": 2.0}, best=True, periodic=True)
    manager.write_checkpoint(13, content, {"val_loss": 1.0}, best=True, periodic=False)
    manager.write_checkpoint(14, content, {"val_loss": 3.0}, best=False, periodic=False)
    assert manager.latest_checkpoint() == manager.folder / "checkpoints" / "best" / "pytorch_model.bin"
    assert sorted(path.name for path in (manager.folder / "checkpoints").iterdir()) == ["best", "checkpoint-10"]
    assert checkpoint.load(manager.folder / "checkpoints" / "checkpoint-10" / "pytorch_model.bin")["epoch"] == 10


def test_a_loss_that_is_no_number_never_becomes_the_best(out: Path) -> None:
    manager = TrainingManager("1", "lstm", out)
    manager.save_checkpoint({}, None, 1, {"val_loss": float("nan")})
    assert not (manager.folder / "checkpoints" / "best").exists()
    manager.save_checkpoint({}, None, 2, {"val_loss": 3.0}, extra={"patience": 4})
    assert checkpoint.load(manager.folder / "checkpoints" / "best" / "pytorch_model.bin")["patience"] == 4


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"stock_symbol": "600519", "model_type": "gru"}, r"600519_gru_\d{8}_\d{6}"),
        ({"stock_symbol": None, "model_type": "transformer"}, r"transformer_\d{8}_\d{6}"),
        ({"stock_symbol": None, "scope": "stores/S001/products/P1"}, r"stores-S001-products-P1_lstm_\d{8}_\d{6}"),
        ({"run_name": "mine"}, "mine"),
    ],
)
def test_a_run_is_named_for_its_subject_its_algorithm_and_its_second(
    out: Path, names: dict[str, Any], expected: str
) -> None:
    defaults: dict[str, Any] = {"stock_symbol": "1", "model_type": "lstm", "output_dir": out}
    manager = TrainingManager(**(defaults | names))
    assert re.fullmatch(expected, manager.run_name)
    assert manager.folder == out / manager.run_name


def test_twins_of_one_second_get_a_number(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = clock.now("Asia/Shanghai")
    monkeypatch.setattr("tidebook.runs.manager.now", lambda zone: moment)
    names = [TrainingManager("1", "lstm", out).run_name for _ in range(3)]
    assert names == [names[0], f"{names[0]}_2", f"{names[0]}_3"]


def test_processes_that_start_together_get_folders_of_their_own(out: Path) -> None:
    code = (
        "import sys; from tidebook.runs import TrainingManager\n"
        "print(*(TrainingManager('1', 'lstm', sys.argv[1]).run_name for _ in range(20)))"
    )
    command = [sys.executable, "-c", code, str(out)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    names = [name for process in processes for name in process.communicate()[0].split()]
    assert len(names) == len(set(names)) == len(list(out.iterdir())) == 60


def test_the_name_follows_the_configured_zone(out: Path) -> None:
    manager = TrainingManager("1", "lstm", out, timezone="Pacific/Kiritimati")
    assert manager.run_name[7:15] == f"{clock.now('Pacific/Kiritimati'):%Y%m%d}"


def test_a_zone_that_does_not_exist_is_refused_before_anything_is_made(out: Path) -> None:
    with pytest.raises(InvalidInput, match="A time zone must have an IANA name, but got Mars/Base"):
        TrainingManager("1", "lstm", out, timezone="Mars/Base")
    assert not out.exists()


def test_a_name_that_is_taken_is_refused(out: Path) -> None:
    TrainingManager(run_name="mine", output_dir=out)
    with pytest.raises(Conflict, match="The name of a new run must be free, but got mine"):
        TrainingManager(run_name="mine", output_dir=out)


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "", "nul\x00", "x" * 300])
def test_a_run_name_cannot_leave_its_folder(out: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="A run's name must be 1 to 255 bytes"):
        TrainingManager.load_run(name, out)


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300), st.text("abc", max_size=300))
def test_any_subject_makes_one_safe_segment(subject: str, model_type: str) -> None:
    name = run_name(subject, model_type, clock.now("UTC"))
    assert "/" not in name
    assert len(name.encode()) <= 255


def test_failed_keeps_its_reason_until_the_run_goes_on(out: Path) -> None:
    manager = TrainingManager("1", "lstm", out)
    manager.update_status("failed", reason="out of memory")
    assert (manager.status, manager.metadata["reason"]) == ("failed", "out of memory")
    manager.update_status("training")
    assert "reason" not in read(manager.folder / "metadata.json")
    manager.update_status("failed")
    assert manager.metadata["reason"] == "no reason was given"


def test_a_status_must_be_one_of_the_standard(out: Path) -> None:
    manager = TrainingManager("1", "lstm", out)
    with pytest.raises(
        InvalidInput, match=r"must be one of initialized, preparing, .* but got complete\. Did you mean"
    ):
        manager.update_status("complete")
    assert (manager.status, *STATUSES[1:4]) == STATUSES[:4]


def test_as_a_context_manager_a_run_ends_completed_or_failed_with_the_reason(out: Path) -> None:
    with TrainingManager("1", "lstm", out) as good:
        good.log_metrics(1, {"loss": 1.0})
    assert good.status == "completed"
    with pytest.raises(ZeroDivisionError), TrainingManager("1", "lstm", out) as bad:
        _ = 1 / 0
    assert (bad.status, bad.metadata["reason"]) == ("failed", "ZeroDivisionError: division by zero")


def test_a_run_is_loaded_while_another_process_writes_it_but_not_written_twice(out: Path) -> None:
    code = """
import sys, time
from tidebook.runs import TrainingManager
manager = TrainingManager("1", "lstm", sys.argv[1], run_name="live")
manager.update_status("training")
manager.log_metrics(1, {"val_loss": 0.5})
print("ready", flush=True)
epoch = 1
while True:
    epoch += 1
    manager.log_metrics(epoch, {"val_loss": 0.5})
    manager.update_status("training")
"""
    with subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        try:
            manager = TrainingManager.load_run("live", out)
            for _ in range(50):
                assert (manager.status, manager.metadata["problems"]) == ("training", [])
                assert manager.get_summary()["last_metrics"]["val_loss"] == 0.5
            with pytest.raises(Conflict, match=f"got live is being written by process {writer.pid} on "):
                manager.log_metrics(2, {"val_loss": 0.4})
            with pytest.raises(Conflict):
                manager.update_status("failed", "lost")
        finally:
            writer.kill()
            writer.wait()
    manager.update_status("failed", "lost")
    assert TrainingManager.load_run("live", out).metadata["reason"] == "lost"


def test_a_run_goes_on_in_a_second_attempt(out: Path) -> None:
    first = train(out)
    again = TrainingManager.load_run(first.run_name, out)
    again.update_status("training")
    again.log_metrics(21, {"val_loss": 0.1})
    again.save_checkpoint({}, None, 21, {"val_loss": 0.1})
    assert [entry["epoch"] for entry in read_metrics(again.folder / "logs" / "metrics.json")[0]] == [10, 20, 21]
    assert again.get_summary()["best"]["epoch"] == 21
    assert again.metadata["stock_symbol"] == "000001"


def test_the_summary_tells_the_run_in_short(out: Path) -> None:
    summary = train(out).get_summary()
    assert (summary["epochs_logged"], summary["checkpoints"]) == (20, [10, 20])
    assert summary["best"]["val_loss"] == 0.5
    assert summary["config"]["seq_length"] == 60
    assert summary["duration_seconds"] >= 0


def test_before_the_model_is_saved_there_is_no_path_to_it(out: Path) -> None:
    manager = TrainingManager("1", "lstm", out)
    with pytest.raises(NotFound, match=r"The run must have a saved model, but got no model/pytorch_model\.bin in"):
        manager.get_model_path()


def test_what_has_no_json_form_is_refused_and_paths_sets_and_tensors_are_written_as_what_they_hold(out: Path) -> None:
    manager = TrainingManager("1", "lstm", out)
    config: dict[Any, Any] = {"path": Path("a/b"), "set": {2, 1}, "tensor": torch.ones(2), 3: np.float64(1.5)}
    manager.save_config(config)
    config = manager.load_config()
    assert (config["path"], config["set"], config["tensor"], config["3"]) == ("a/b", [1, 2], [1.0, 1.0], 1.5)
    before = (manager.folder / "config.json").read_bytes()
    with pytest.raises(InvalidInput, match=r"What goes into config\.json must have a JSON form"):
        manager.save_config({"model": torch.nn.Linear(1, 1)})
    assert (manager.folder / "config.json").read_bytes() == before


def test_metrics_may_be_tensors_and_cannot_overwrite_the_epoch(out: Path) -> None:
    manager = TrainingManager("1", "lstm", out)
    manager.log_metrics(3, {"loss": torch.tensor(0.5), "epoch": 99, "phase": "x"}, phase="val")
    (entry,), _ = read_metrics(manager.folder / "logs" / "metrics.json")
    assert (entry["epoch"], entry["phase"], entry["loss"]) == (3, "val", 0.5)


def test_what_was_dropped_on_a_full_disk_stands_in_the_metadata(out: Path) -> None:
    manager = TrainingManager("1", "lstm", out)
    manager._log.waiting.dropped = 3
    manager._log.waiting.fault = "No space left on device"
    manager.update_status("completed")
    assert manager.metadata["warnings"] == ["metrics.json: 3 entries were dropped and 0 wait (No space left on device)"]


def test_a_run_that_cannot_be_started_leaves_nothing_behind(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageFailure, match="no space left on the disk"):
        TrainingManager("1", "lstm", out)
    assert list(out.iterdir()) == []
