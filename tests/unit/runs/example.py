"""A run as the tests of the run folder need it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from tidebook.runs import TrainingManager


def train(out: Path, **names: Any) -> TrainingManager:
    """A whole run in the words of the training output standard."""
    defaults: dict[str, Any] = {"stock_symbol": "000001", "model_type": "lstm", "output_dir": out}
    manager = TrainingManager(**(defaults | names))
    manager.save_config({"data_source": "Parquet", "seq_length": 60, "epochs": 20})
    manager.update_status("preparing")
    manager.save_training_log("开始训练")
    model = torch.nn.Linear(3, 1)
    optimizer = torch.optim.Adam(model.parameters())
    manager.update_status("training")
    for epoch, val_loss in ((10, 0.5), (20, 0.7)):
        metrics = {"train_loss": 1 / epoch, "val_loss": val_loss}
        manager.log_metrics(epoch, metrics)
        manager.save_checkpoint(model, optimizer, epoch, metrics)
    manager.save_model(model, {"model_type": "lstm", "input_size": 3}, {"epochs": 20, "optimizer": "Adam"})
    manager.save_evaluation_results({"mae": 0.5, "r2": np.float32(0.25), "mape": float("nan"), "test_samples": 9})
    manager.save_predictions([{"series": "all", "date": "2024-01-01", "actual": 1.0, "prediction": 1.5}])
    manager.update_status("completed")
    return manager
