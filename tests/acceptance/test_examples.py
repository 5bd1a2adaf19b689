"""The examples run as they are, and leave what the documentation says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.acceptance.conftest import environment
from tidebook.runs import TrainingManager
from tidebook.runs.record import summary

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(folder: Path, *command: str) -> str:
    """What the example says, started in `folder`."""
    folder.mkdir(exist_ok=True)
    shown = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / command[0]), *command[1:]],
        cwd=folder,
        env=environment(folder / "home"),
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout + shown.stderr


def test_the_flow_of_the_training_output_standard_gives_exactly_its_layout(tmp_path: Path) -> None:
    shown = run(tmp_path, "train_with_manager.py", "--epochs", "10")
    (folder,) = (tmp_path / "out").iterdir()
    assert re.fullmatch(r"000001_lstm_\d{8}_\d{6}", folder.name)
    assert folder.name in shown
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "checkpoints/best/metrics.json",
        "checkpoints/best/pytorch_model.bin",
        "checkpoints/checkpoint-10/metrics.json",
        "checkpoints/checkpoint-10/pytorch_model.bin",
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
    metadata = json.loads((folder / "metadata.json").read_text())
    assert (metadata["status"], metadata["model_saved"], metadata["evaluation_completed"]) == ("completed", True, True)
    assert metadata["eval_metrics"].keys() == {"mae", "rmse", "mape", "r2", "direction_accuracy"}
    assert metadata["eval_metrics"]["r2"] > 0
    config = json.loads((folder / "config.json").read_text())
    assert (config["seq_length"], config["train_start_date"], config["data_source"]) == (60, "2023-01-02", "CSV")
    assert TrainingManager.load_run(folder.name, tmp_path / "out").get_summary()["epochs_logged"] == 10


def test_the_example_takes_a_table_of_ones_own(tmp_path: Path) -> None:
    rows = (f"2024-{1 + day // 28:02d}-{1 + day % 28:02d},{10 + day % 7}" for day in range(330))
    (tmp_path / "prices.csv").write_text("\ufeffdate,close\n" + "\n".join(rows), encoding="utf-8")
    run(tmp_path, "train_with_manager.py", "--csv", "prices.csv", "--symbol", "600519", "--epochs", "2")
    (folder,) = (tmp_path / "out").iterdir()
    assert summary(folder)["stock_symbol"] == "600519"


def test_three_lines_make_a_run(tmp_path: Path) -> None:
    run(tmp_path, "three_lines.py")
    (folder,) = (tmp_path / "home" / "out").iterdir()
    item = summary(folder)
    assert (item["status"], item["params"]["epochs"], item["tags"]) == ("completed", 20, {"example": "three lines"})
    assert item["metrics"].keys() == {"loss", "accuracy"}
