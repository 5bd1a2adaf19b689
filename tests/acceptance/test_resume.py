"""A training that is killed and goes on ends with the same model as one that nobody disturbed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.acceptance.tables import small_table
from tidebook import checkpoint
from tidebook.core.files import read_json, write_json

LONG = {"epochs": 8, "hidden_size": 16, "seq_length": 28, "patience": 1000, "dropout": 0.2}


def start(folder: Path, table: Path, model_type: str) -> subprocess.Popen[str]:
    """The training of a task whose folder this is; a second one in the same folder goes on with the first."""
    if not folder.exists():
        folder.mkdir(parents=True)
        spec = {"dataset": str(table), "product_ids": ["P1"], "model_type": model_type, "hyperparameters": LONG}
        write_json(folder / "spec.json", spec)
    return subprocess.Popen(
        [sys.executable, "-m", "tidebook.jobs", "train", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TIDEBOOK_HOME": str(folder.parent / "home")},
    )


def end(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    return said


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return checkpoint.load(Path(read_json(folder / "result.json")["run_folder"]) / "model" / "pytorch_model.bin")


@pytest.mark.parametrize("model_type", ["lstm", "gru", "mlstm", "kan", "tcn", "transformer"])
def test_a_training_killed_at_any_moment_goes_on_to_the_same_model(tmp_path: Path, model_type: str) -> None:
    table = tmp_path / "sales.parquet"
    small_table(days=300, stores=3).write_parquet(table)
    undisturbed, killed = tmp_path / "one" / "TASK", tmp_path / "other" / "TASK"
    end(start(undisturbed, table, model_type))

    process = start(killed, table, model_type)
    deadline = time.monotonic() + 90
    while not list((killed.parent / "home" / "out").glob("*/checkpoints/*/metrics.json")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.communicate()
    said = end(start(killed, table, model_type))

    assert "continued after epoch" in said
    one, other = weights(undisturbed), weights(killed)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one), said
