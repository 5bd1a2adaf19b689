"""What a training records of where it comes from, so that it can be trained again: jobs/reproduce reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook.core.settings import Settings
from tidebook.records import labels
from tidebook.runs import TrainingManager
from tidebook.runs.context import threads
from tidebook.specs import TrainSpec

if TYPE_CHECKING:
    from tidebook.abc import State
    from tidebook.data.panel import Panel


def begin(run: TrainingManager, spec: TrainSpec, settings: Settings, owner: str | None, *, new: bool) -> None:
    """Whose run it is, unless that was said before, what was asked for, and from now on what the process uses."""
    if new and (owner is not None or spec.project != labels.DEFAULT_PROJECT):
        labels.change(run.folder, project=spec.project, owner=owner)
    dataset = str(Path(spec.dataset).absolute()) if Path(spec.dataset).is_file() else spec.dataset
    run.record_context(seed=spec.seed, spec={**spec.model_dump(mode="json"), "dataset": dataset})
    if settings.resources:
        run.sample_resources()


def record_data(run: TrainingManager, dataset: str, panel: Panel) -> None:
    """What the model is trained on: the fingerprint of its source, its size, and what the audit found."""
    data = {
        "dataset": dataset,
        "fingerprint": panel.fingerprint,
        "rows": int(panel.mask.sum()),
        "series": len(panel.keys),
        "audit": [_sentence(finding["sentence"]) for finding in panel.findings],
    }
    run.record_context(data=data)


def record_machine(run: TrainingManager, device: str) -> None:
    """What computes, now that the numeric libraries are loaded."""
    run.record_context(device=device, threads=threads())


def record_model(run: TrainingManager, state: State) -> None:
    """The digest of the weights, and the batch size that it ended with, which memory may have made smaller."""
    from tidebook.checkpoint.digest import digest

    batch_size = state.config.get("training", {}).get("batch_size")
    run.record_context(weights=digest(state.weights), **({} if batch_size is None else {"batch_size": batch_size}))


def _sentence(text: Any) -> str:
    return str(text["en"] if isinstance(text, dict) else text)
