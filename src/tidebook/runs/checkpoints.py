"""checkpoints/: the states that a training can go on from."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tidebook.core.clock import timestamp
from tidebook.core.errors import InvalidInput
from tidebook.core.files import replacing
from tidebook.runs.record import numbers, read_object, write_record

WEIGHTS = "pytorch_model.bin"
BEST = "best"


def write(
    folder: Path, epoch: int, content: Mapping[str, Any], metrics: Mapping[str, Any], *, best: bool, periodic: bool
) -> None:
    """Keeps `content` in checkpoint-{epoch}/ if `periodic` and in best/ if `best`; the state goes before its metrics.

    The file holds epoch, model_state_dict, optimizer_state_dict, metrics and timestamp, and whatever else
    `content` has.
    """
    from tidebook import checkpoint

    targets = [folder / name for name, wanted in ((f"checkpoint-{epoch}", periodic), (BEST, best)) if wanted]
    if not targets:
        return
    written_at = timestamp()
    whole = {"epoch": epoch, "metrics": numbers(metrics), "timestamp": written_at, **content}
    for target in targets:
        if target is targets[0]:
            checkpoint.save(target / WEIGHTS, whole)
        else:
            with replacing(target / WEIGHTS) as temporary:
                _share(targets[0] / WEIGHTS, temporary)
        write_record(target / "metrics.json", {"format_version": 1, "epoch": epoch, "timestamp": written_at, **metrics})


def latest(folder: Path) -> Path | None:
    """The file of the newest state, best/ included; None where there is none."""
    found = [(epoch, path) for epoch, path in _all(folder) if path.is_file() and path.stat().st_size]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def epochs(folder: Path) -> list[int]:
    """The epochs that checkpoint-{epoch}/ exists for, ascending."""
    return sorted(epoch for epoch, path in _all(folder) if path.parent.name != BEST)


def best_loss(folder: Path) -> float | None:
    """The validation loss of best/; None where there is none."""
    loss = best_metrics(folder).get("val_loss")
    return float(loss) if isinstance(loss, int | float) and math.isfinite(loss) else None


def best_metrics(folder: Path) -> dict[str, Any]:
    """The metrics of best/, with its epoch; {} where there is none."""
    metrics = read_object(folder / BEST / "metrics.json", [])
    metrics.pop("format_version", None)
    return metrics


def state(owner: Any) -> Mapping[str, Any]:
    """The state_dict of a model or optimizer, or the mapping that it is already."""
    if owner is None:
        return {}
    state = owner.state_dict() if hasattr(owner, "state_dict") else owner
    if not isinstance(state, Mapping):
        raise InvalidInput(
            "A model or optimizer must have a state_dict or be one",
            got=type(state).__name__,
            fix="Pass the torch module or its state_dict().",
        )
    return state


def _all(folder: Path) -> list[tuple[int, Path]]:
    found = []
    with suppress(FileNotFoundError, NotADirectoryError):
        for entry in folder.iterdir():
            match = re.fullmatch(r"checkpoint-(\d{1,9})", entry.name)
            if match:
                found.append((int(match[1]), entry / WEIGHTS))
            elif entry.name == BEST:
                epoch = best_metrics(folder).get("epoch")
                found.append((epoch if isinstance(epoch, int) else -1, entry / WEIGHTS))
    return found


def _share(source: Path, target: Path) -> None:
    """One copy on the disk for both, where the file system can: they are replaced, never changed."""
    target.unlink()
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
