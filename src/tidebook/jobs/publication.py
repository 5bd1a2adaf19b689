"""From a finished run to a version: its figures, its metadata, its files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook import __version__
from tidebook.core.clock import timestamp
from tidebook.core.scope import Address
from tidebook.core.settings import Settings
from tidebook.data.locate import Located
from tidebook.data.mapping import ColumnMapping
from tidebook.records import labels
from tidebook.registry import ModelManager
from tidebook.runs import TrainingManager, context
from tidebook.specs import TrainSpec

if TYPE_CHECKING:
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span
    from tidebook.training.backtest import Backtest
    from tidebook.training.evaluation import Evaluation


def publish(
    settings: Settings,
    line: Address,
    spec: TrainSpec,
    located: Located | None,
    chosen: Any,
    panel: Panel,
    span: Span,
    config: dict[str, Any],
    backtest: Backtest,
    last: Evaluation,
    run: TrainingManager,
    task_id: str | None,
) -> Address:
    """Makes the run's model the next version of `line`. `config` is that of the model, `last` the last fold."""
    scope, whose = spec.scope, labels.read(run.folder)
    history = _history(run)
    mapping = panel.mapping or ColumnMapping()
    metadata: dict[str, Any] = {
        "format_version": 1,
        "description": spec.description,
        "model_type": spec.model_type,
        "training_mode": scope.mode,
        "scope": scope.name,
        "aggregation_method": scope.aggregation,
        "product_ids": list(scope.product_ids),
        "store_ids": list(scope.store_ids),
        "timestamp": timestamp(),
        "run_name": run.run_name,
        "task_id": task_id,
        "dataset": {
            "id": located.dataset_id if located else None,
            "path": str(located.path) if located else None,
            "fingerprint": panel.fingerprint,
            "mapping": mapping.model_dump(mode="json"),
            "first_date": str(panel.dates[span.start]),
            "last_date": str(panel.dates[span.test_end - 1]),
        },
        "known_future": list(panel.known_names),
        "categories": {name: list(values) for name, values in panel.categories.items()},
        "series": [[key.product_id, key.store_id] for key in panel.keys],
        "validation": config.get("validation"),
        "metrics": backtest.metrics,
        "baseline": backtest.baseline,
        "skill": backtest.document["skill"],
        "coverage": backtest.coverage,
        "intervals": config.get("intervals", {}).get("levels", []),
        "history": history,
        "hyperparameters": asdict(chosen),
        **({"table": config["table"]} if "table" in config else {}),
        "seed": spec.seed,
        "code": _code(run.folder),
        "publish_id": run.run_name,
        "project": whose.project,
        "owner": whose.owner,
    }
    files = _files(run, spec.description, panel, last, history)
    return ModelManager(settings).publish(run.folder, line, metadata, files, publish_id=run.run_name)


def _code(folder: Path) -> dict[str, Any]:
    """What the run knows of the code that it runs."""
    git = context.read(folder).get("git") or {}
    return {**{name: git.get(name) for name in ("commit", "branch", "dirty")}, "package": __version__}


def _files(
    run: TrainingManager, title: str, panel: Panel, last: Evaluation, history: list[dict[str, Any]]
) -> dict[str, Path]:
    """What lies beside the model in the version: figures, drawn now, and the backtest."""
    from tidebook.training import figures

    results = run.folder / "results"
    figures.forecast(panel, last, title, results / "forecast.png")
    if history:
        figures.loss_curve(history, title, results / "loss_curve.png")
    names = ("forecast.png", "backtest.json", "backtest.png", *(["loss_curve.png"] if history else []))
    return {name: results / name for name in names}


def _history(run: TrainingManager) -> list[dict[str, Any]]:
    """The losses by epoch; of an epoch that was trained again after a resume the last."""
    from tidebook.runs.log_reading import read_metrics

    entries, _ = read_metrics(run.folder / "logs" / "metrics.json")
    by_epoch = {
        entry["epoch"]: {name: _number(entry.get(name)) for name in ("train_loss", "val_loss")} for entry in entries
    }
    return [{"epoch": epoch, **losses} for epoch, losses in sorted(by_epoch.items())]


def _number(value: Any) -> float | None:
    """A finite number, else None; the log writes the others as text."""
    return float(value) if isinstance(value, int | float) else None
