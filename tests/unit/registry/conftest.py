"""A finished run to publish."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tidebook.registry import ModelManager
from tidebook.runs import TrainingManager


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a completed run with a small model."""
    manager = TrainingManager(model_type="lstm", output_dir=tmp_path / "out", scope="P001_all", run_name="run_1")
    manager.save_config({"epochs": 3, "hidden_size": 8})
    weights = {"layer.weight": torch.arange(6.0).reshape(2, 3)}
    manager.save_model(weights, {"model_type": "lstm", "input_size": 3}, {"epochs": 3})
    manager.save_evaluation_results({"mae": 1.5, "wape": 0.25})
    manager.update_status("completed")
    return manager.folder


@pytest.fixture
def models(tmp_path: Path) -> ModelManager:
    return ModelManager(tmp_path / "saved_models")


@pytest.fixture(autouse=True)
def at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests have just written counts as written long ago."""
    monkeypatch.setattr("tidebook.registry.adopt.REST", 0.0)
    monkeypatch.setattr("tidebook.registry.adopt.PATIENCE", 0.0)
