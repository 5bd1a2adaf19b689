"""What the tests of the registry publish."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tidebook.registry import ModelManager
from tidebook.store import LocalStore

LINE = "product/P001_all/lstm"


def metadata(wape: float | None = 0.2, day: int = 1, **more: Any) -> dict[str, Any]:
    """The metadata of a version."""
    return {
        "description": "lstm · product · product P001 in all stores",
        "product_ids": ["P001"],
        "store_ids": [],
        "timestamp": f"2024-01-{day:02d}T10:00:00.000+08:00",
        "run_name": "run_1",
        "dataset": {"id": None, "path": "sales.parquet"},
        "validation": None if wape is None else {"wape": wape, "end": "2023-12-31"},
        "metrics": {"wape": 0.25},
        "baseline": {"seasonal_naive_7": {"wape": 0.5}},
        "history": [{"epoch": 1, "train_loss": 0.5, "val_loss": 0.4}],
        "series": [["P001", "S001"]],
        "hyperparameters": {"epochs": 3},
        **more,
    }


def root_of(models: ModelManager) -> Path:
    """The folder that the versions lie in."""
    assert isinstance(models.store, LocalStore)
    return models.store.root
