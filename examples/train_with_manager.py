"""A training loop of one's own that writes its run with TrainingManager: `python examples/train_with_manager.py`.

An LSTM learns the next close of a stock from the last 60 days. The prices are generated, so that the example needs
nothing; with `--csv FILE` it takes the columns `date` and `close` of a file.
"""

from __future__ import annotations

import argparse
import csv
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tidebook.core.arrays import F32
from tidebook.runs import TrainingManager

CHECKPOINT_INTERVAL = 10


@dataclass(frozen=True)
class Config:
    """What the model is trained with."""

    seq_length: int = 60
    hidden_size: int = 32
    num_layers: int = 1
    dropout: float = 0.0
    epochs: int = 20
    batch_size: int = 32
    learning_rate: float = 0.005
    patience: int = 10


class LSTM(nn.Module):
    """The next value after a window [B, seq_length, 1]."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.lstm = nn.LSTM(1, config.hidden_size, config.num_layers, dropout=config.dropout, batch_first=True)
        self.head = nn.Linear(config.hidden_size, 1)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """[B]"""
        hidden, _ = self.lstm(window)
        return torch.as_tensor(self.head(hidden[:, -1]).squeeze(-1))


def generate(days: int = 600) -> tuple[list[date], F32]:
    """Dates and closes of a stock that does not exist."""
    random = np.random.default_rng(0)
    close = 10 + np.cumsum(random.normal(0.002, 0.05, days)) + np.sin(np.arange(days) / 12)
    return [date(2023, 1, 2) + timedelta(days=day) for day in range(days)], close.astype(np.float32)


def load(path: Path) -> tuple[list[date], F32]:
    """Dates and closes of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [date.fromisoformat(row["date"]) for row in rows], np.array([row["close"] for row in rows], np.float32)


def evaluate(actual: F32, predicted: F32, before: F32) -> dict[str, float]:
    """Errors in the unit of the prices; mape and direction_accuracy in percent."""
    error = predicted - actual
    return {
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt((error**2).mean())),
        "mape": float(np.abs(error / actual).mean() * 100),
        "r2": float(1 - (error**2).sum() / ((actual - actual.mean()) ** 2).sum()),
        "direction_accuracy": float((np.sign(predicted - before) == np.sign(actual - before)).mean() * 100),
    }


def windows(values: F32, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """All windows [N, length, 1] and the value after each [N]."""
    cut = np.lib.stride_tricks.sliding_window_view(values, length + 1)
    return torch.from_numpy(cut[:, :-1].copy()).unsqueeze(-1), torch.from_numpy(cut[:, -1].copy())


def train(manager: TrainingManager, config: Config, dates: list[date], close: F32) -> Mapping[str, float]:
    """The whole flow: configuration, training with checkpoints, the model, its evaluation."""
    train_end, test_start = int(len(close) * 0.7), int(len(close) * 0.85)
    mean, deviation = close[:train_end].mean(), close[:train_end].std()
    scaled = (close - mean) / deviation
    parts = (scaled[:train_end], scaled[train_end - config.seq_length : test_start])
    (inputs, targets), (held_inputs, held_targets) = (windows(part, config.seq_length) for part in parts)

    manager.save_config(
        {
            **asdict(config),
            "data_source": "CSV",
            "train_start_date": str(dates[0]),
            "train_end_date": str(dates[train_end - 1]),
        }
    )
    manager.update_status("preparing")
    manager.save_training_log(f"Loaded {len(close)} days, {len(inputs)} windows of {config.seq_length} days")

    torch.manual_seed(0)
    model = LSTM(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    loss_of = nn.MSELoss()
    best, best_epoch, epoch = float("inf"), 0, 0

    manager.update_status("training")
    manager.save_training_log("Training begins")
    for epoch in range(1, config.epochs + 1):
        model.train()
        losses = []
        for chosen in torch.randperm(len(inputs)).split(config.batch_size):
            optimizer.zero_grad()
            loss = loss_of(model(inputs[chosen]), targets[chosen])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            val_loss = loss_of(model(held_inputs), held_targets).item()
        metrics = {"train_loss": float(np.mean(losses)), "val_loss": val_loss}
        manager.log_metrics(epoch, metrics)
        manager.save_training_log(f"Epoch {epoch}: train_loss={metrics['train_loss']:.6f}, val_loss={val_loss:.6f}")
        if epoch % CHECKPOINT_INTERVAL == 0:
            manager.save_checkpoint(model, optimizer, epoch, metrics)
        if val_loss < best:
            best, best_epoch = val_loss, epoch
        elif epoch - best_epoch >= config.patience:
            break

    manager.save_model(
        model,
        {"model_type": "lstm", "input_size": 1, "output_size": 1, "feature_names": ["close"], **asdict(config)},
        {
            **asdict(config),
            "optimizer": "Adam",
            "loss_function": "MSELoss",
            "train_samples": len(inputs),
            "val_samples": len(held_inputs),
            "best_val_loss": best,
            "total_epochs_trained": epoch,
        },
    )
    test_inputs, _ = windows(scaled[test_start - config.seq_length :], config.seq_length)
    with torch.no_grad():
        predicted = (model(test_inputs).numpy() * deviation + mean).astype(np.float32)
    actual, before = close[test_start:], close[test_start - 1 : -1]
    results = {**evaluate(actual, predicted, before), "test_samples": len(actual)}
    manager.save_evaluation_results(results)
    manager.save_predictions(
        [
            {"date": str(day), "actual": float(there), "prediction": float(guess)}
            for day, there, guess in zip(dates[test_start:], actual, predicted, strict=True)
        ]
    )
    manager.update_status("completed")
    return results


def main() -> None:
    """Trains, and shows how the run is found and read again."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, help="a file with the columns date and close")
    parser.add_argument("--symbol", default="000001")
    parser.add_argument("--output-dir", default="out")
    parser.add_argument("--epochs", type=int, default=Config.epochs)
    chosen = parser.parse_args()

    dates, close = generate() if chosen.csv is None else load(chosen.csv)
    manager = TrainingManager(stock_symbol=chosen.symbol, model_type="lstm", output_dir=chosen.output_dir)
    train(manager, Config(epochs=chosen.epochs), dates, close)

    again = TrainingManager.load_run(manager.run_name, output_dir=chosen.output_dir)
    runs = TrainingManager.list_runs(output_dir=chosen.output_dir)
    best = min(runs, key=lambda run: run.get("eval_metrics", {}).get("mae", float("inf")))
    logging.info("%s: %s", again.run_name, again.get_summary()["eval_metrics"])
    logging.info("model: %s, configuration: %s", again.get_model_path(), again.load_model_config())
    logging.info("best of %d runs by mae: %s", len(runs), best["run_name"])


if __name__ == "__main__":
    main()
