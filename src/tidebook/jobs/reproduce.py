"""Training a run again from its record, and whether the same comes out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tidebook.core.errors import InvalidInput
from tidebook.core.settings import Settings
from tidebook.jobs.progress import Watcher, nobody
from tidebook.jobs.train import train
from tidebook.records import labels
from tidebook.runs import TrainingManager
from tidebook.runs.context import read
from tidebook.specs import TrainSpec
from tidebook.specs.faults import readable

TAG = "reproduces"  #: of the new run: the name of the one that it repeats
_COMPARED = ("device", "threads", "batch_size", "python", "platform", "host")


@dataclass(frozen=True)
class Difference:
    """Something that is not as it was."""

    kind: str  #: data, code, package, device, threads, batch_size, python, platform or host
    name: str  #: of the package or the fact
    before: Any  #: None where it was not there
    now: Any


@dataclass(frozen=True)
class Reproduction:
    """What came of training a run again."""

    run_name: str  #: the run that was repeated
    new_run: str  #: the run that was made
    equal: bool  #: whether weights, where they are known, and all metrics are the same to the last bit
    weights_equal: bool | None  #: None where the record holds no digest of the weights
    metrics: dict[str, tuple[float | None, float | None]]  #: name: (before, now), on the held-out end
    differences: list[Difference] = field(default_factory=list)  #: what else is different

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"format_version": 1, **asdict(self)}


def reproduce(
    run_name: str,
    settings: Settings,
    *,
    out: Path | None = None,
    watch: Watcher = nobody,
    listener: Callable[[str], object] | None = None,
    source: Any = None,
) -> Reproduction:
    """Trains a run again: the same request, seed, number of threads and final batch size, in a new run.

    Nothing is published. The run lies in `out`, by default that of the home. `source` is the data frame of a run that
    was trained on one. InvalidInput where the record does not say how it was trained, as of a run that another program
    wrote; NotFound where its data is gone.
    """
    before = TrainingManager.load_run(run_name, output_dir=out or settings.out)
    record = read(before.folder)
    spec = _spec(before, record, source)
    with _threads(record.get("threads")):
        result = train(spec, settings, watch=watch, listener=listener, source=source, owner=before.labels.owner)
    labels.change(result.run_folder, tag={TAG: before.run_name})
    again = read(result.run_folder)
    metrics = _metrics(before.metadata["eval_metrics"], result.metrics)
    known = record.get("weights"), again.get("weights")
    weights = known[0] == known[1] if all(known) else None
    return Reproduction(
        run_name=before.run_name,
        new_run=result.run_name,
        equal=weights is not False and all(old == new for old, new in metrics.values()),
        weights_equal=weights,
        metrics=metrics,
        differences=list(_differences(record, again)),
    )


def _spec(run: TrainingManager, record: Mapping[str, Any], source: Any) -> TrainSpec:
    asked = record.get("spec")
    if not isinstance(asked, dict):
        raise InvalidInput(
            "The record of a run must hold the request it was trained with",
            got=f"{run.run_name}, whose context.json has none",
            fix="Only trainings of Tidebook can be repeated from their record; run the program that wrote it again.",
        )
    if asked.get("dataset") == "frame" and source is None and not Path("frame").exists():
        raise InvalidInput(
            "The data of a run must be a file or a registered dataset to be trained on again",
            got=f"{run.run_name}, which was trained on a data frame",
            fix="Pass the frame: tidebook.jobs.reproduce.reproduce(run, settings, source=frame).",
        )
    changes: dict[str, Any] = {"publish": False}
    if run.labels.project != labels.NOWHERE:
        changes["project"] = run.labels.project  # where it belongs now
    chosen = dict(asked.get("hyperparameters") or {})
    if record.get("batch_size") is not None and "batch_size" in (run.load_config().get("hyperparameters") or {}):
        changes["hyperparameters"] = {**chosen, "batch_size": record["batch_size"]}
    try:
        return TrainSpec.model_validate({**asked, **changes})
    except ValidationError as error:
        raise readable(error, tuple(TrainSpec.model_fields)) from error


@contextmanager
def _threads(count: object) -> Iterator[None]:
    """With as many threads as then: the order in which numbers are added up depends on it."""
    import torch

    usual = torch.get_num_threads()
    if isinstance(count, int) and count > 0:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def _metrics(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[float | None, float | None]]:
    """Of those that a training measures; what else stands in the record, such as the skill, follows from them."""
    names = [name for name in now if _number(now[name]) is not None or _number(before.get(name)) is not None]
    return {name: (_number(before.get(name)), _number(now[name])) for name in names}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    data = [(each.get("data") or {}).get("fingerprint") for each in (before, now)]
    if data[0] != data[1]:
        yield Difference("data", "fingerprint", *data)
    code = [(each.get("git") or {}).get("commit") for each in (before, now)]
    if code[0] != code[1]:
        yield Difference("code", "commit", *code)
    for name in _COMPARED:
        if before.get(name) != now.get(name):
            yield Difference(name, name, before.get(name), now.get(name))
    there, here = before.get("packages") or {}, now.get("packages") or {}
    for name in sorted({*there, *here}):
        if there.get(name) != here.get(name):
            yield Difference("package", name, there.get(name), here.get(name))
