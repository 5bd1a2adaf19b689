"""TrainingManager: the run class. It writes the folder of one training, and finds and reads those there are."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from tidebook.core.clock import now, timestamp
from tidebook.core.errors import InvalidInput, NotFound, StorageFailure, nearest
from tidebook.core.files import check_segment
from tidebook.records import labels
from tidebook.runs import artifacts, checkpoints
from tidebook.runs.names import check_run_name, claim_run
from tidebook.runs.names import run_name as new_name
from tidebook.runs.plain import spelled
from tidebook.runs.record import DELETED, describe, describe_all, numbers, write_record
from tidebook.runs.writer import STATUSES, RunWriter, Status

__all__ = ["STATUSES", "Status", "TrainingManager"]

_NO_METRIC = frozenset({"test_samples", "format_version"})
_HEAD = ("stock_symbol", "model_type", "data_source", "created_at")


class TrainingManager(RunWriter):
    """The record of one training, in the folder `{output_dir}/{run_name}/`.

    A new one claims its folder at once: `{stock_symbol or scope}_{model_type}_{timestamp}`, with `_2` for a twin in
    the same second, or exactly `run_name` where that is given (Conflict if it is taken; with `numbered` it gets a
    number, too). `output_dir` is relative to the working folder; the default is out/ in the home. One process writes a
    run at a time, anyone may read.

    As a context manager it marks the run completed at the end, or failed with the reason.
    """

    def __init__(
        self,
        stock_symbol: str | None = None,
        model_type: str = "",
        output_dir: str | Path | None = None,
        *,
        scope: str | None = None,
        run_name: str | None = None,
        task_id: str | None = None,
        timezone: str | None = None,
        numbered: bool = False,
        status: Status = "initialized",
    ) -> None:
        zone = zone_of(timezone)
        output = Path(output_dir) if output_dir is not None else _home_output()
        created = timestamp()
        if run_name is None:
            folder = claim_run(output, new_name(stock_symbol or scope, model_type, now(zone)))
        else:
            folder = claim_run(output, check_run_name(run_name), exactly=not numbered)
        self._attach(folder, zone)
        self._metadata = {
            "format_version": 1,
            "run_name": self.run_name,
            "stock_symbol": stock_symbol,
            "scope": scope,
            "model_type": model_type,
            "data_source": None,
            "created_at": created,
            "updated_at": created,
            "status": status,
            "model_saved": False,
            "model_path": None,
            "evaluation_completed": False,
            "eval_metrics": {},
            "task_id": task_id,
        }
        try:
            self._take(new=True)
        except BaseException:
            self.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    # ---- finding runs

    @classmethod
    def load_run(
        cls, run_name: str, output_dir: str | Path | None = None, *, timezone: str | None = None
    ) -> TrainingManager:
        """The run with this name, also while another process writes it; NotFound where there is none.

        Without `output_dir` both the home's out/ and out/ in the working folder are searched. Its first write takes
        the run over: Conflict where another process still writes it.
        """
        check_segment(run_name, "A run's name")
        outputs = _outputs(output_dir)
        found = (output / run_name for output in outputs if (output / run_name).is_dir())
        folder = next((path for path in found if not (path / DELETED).exists()), None)
        if folder is None:
            known = [run["run_name"] for run in describe_all(outputs)]
            raise NotFound("A run must exist to be loaded", got=run_name, fix=nearest(run_name, known))
        run = cls.__new__(cls)
        run._attach(folder, zone_of(timezone))
        run._metadata = describe(folder)
        return run

    @classmethod
    def list_runs(cls, output_dir: str | Path | None = None) -> list[dict[str, Any]]:
        """The metadata of all runs, newest first, each with `folder` and a list of `problems`.

        A run whose files are missing or broken is listed with what is wrong; `eval_metrics` is never null.
        """
        return describe_all(_outputs(output_dir))

    # ---- what it was made with

    def save_config(self, config: Mapping[str, Any]) -> None:
        """Writes config.json: the run's names, and everything in `config`."""
        with self._lock, self._kept("config.json"):
            self._save_config(config, waits=self.stops_for_nothing)

    def params(self, **more: Any) -> None:
        """Adds parameters to config.json, beside those that it has."""
        with self._lock, self.going_on("config.json"):
            config = self._unsaved or self.load_config()
            before = config.get("params")
            params = {**(before if isinstance(before, Mapping) else {}), **more}
            self._save_config({**config, "params": params}, waits=True)

    def _save_config(self, config: Mapping[str, Any], *, waits: bool) -> None:
        self._take()
        head = {name: self._metadata.get(name) for name in _HEAD}
        whole = {"format_version": 1, **head, **config} | {"run_name": self.run_name}
        if isinstance(whole.get("params"), Mapping):
            whole["params"] = spelled(whole["params"], "config.json")
        before, self._unsaved = self._unsaved, None
        try:
            write_record(self.folder / "config.json", whole)
        except (StorageFailure, OSError):
            self._unsaved = whole if waits else before
            raise
        if whole["data_source"] != self._metadata.get("data_source"):
            self._update(data_source=whole["data_source"])
        self._wake()

    def tag(self, **tags: Any) -> None:
        """Adds tags: `run.tag(team="east")`; None as a value takes a tag away."""
        self._label(tag=tags)

    def note(self, text: str) -> None:
        """Adds a line, or several, to the notes."""
        self._label(using=lambda here: {"notes": f"{here.notes}\n{text}" if here.notes else text})

    def _label(self, **changes: Any) -> None:
        with self._lock:
            self._write_labels(changes)
        self._wake()

    def _write_labels(self, *new: dict[str, Any]) -> None:
        """Changes the labels, after what the disk did not take before; what it does not take now waits."""
        waiting, self._unlabelled = [*self._unlabelled, *new], []
        for changes in waiting:
            taken = False
            with self.going_on(labels.FILE):
                labels.change(self.folder, **changes)
                taken = True
            if not taken:
                self._unlabelled.append(changes)
        self._rest()

    @property
    def _owes(self) -> bool:
        return super()._owes or bool(self._unlabelled or self._unsaved)

    def _catch_up(self) -> None:
        with self._lock, suppress(NotFound):  # Who deletes a run deletes its labels.
            if self._unlabelled:
                self._write_labels()
            if self._unsaved:
                with self.going_on("config.json"):
                    write_record(self.folder / "config.json", self._unsaved)
                    self._unsaved = None
        super()._catch_up()

    # ---- states and the model

    def save_checkpoint(
        self, model: Any, optimizer: Any, epoch: int, metrics: Mapping[str, Any], extra: Mapping[str, Any] | None = None
    ) -> None:
        """Keeps the state of `model` and `optimizer` in checkpoints/checkpoint-{epoch}/, and in best/ too where
        metrics["val_loss"] is the lowest so far. `extra` holds what else resuming needs.
        """
        loss = metrics.get("val_loss")
        lowest = checkpoints.best_loss(self.folder / "checkpoints")
        best = loss is not None and math.isfinite(loss) and (lowest is None or float(loss) < lowest)
        content = {
            "model_state_dict": checkpoints.state(model),
            "optimizer_state_dict": checkpoints.state(optimizer),
            **(extra or {}),
        }
        self.write_checkpoint(epoch, content, metrics, best=best, periodic=True)

    def write_checkpoint(
        self, epoch: int, content: Mapping[str, Any], metrics: Mapping[str, Any], *, best: bool, periodic: bool
    ) -> None:
        """Keeps `content` in checkpoint-{epoch}/ if `periodic`, in best/ if `best`."""
        with self._lock:
            self._take()
            checkpoints.write(self.folder / "checkpoints", epoch, content, metrics, best=best, periodic=periodic)

    def save_model(
        self, model: Any, model_config: Mapping[str, Any], training_args: Mapping[str, Any] | None = None
    ) -> None:
        """Writes the final model: model/pytorch_model.bin (the state_dict alone), config.json, training_args.json."""
        from tidebook import checkpoint

        with self._lock:
            self._take()
            folder = self.folder / "model"
            write_record(folder / "config.json", {"format_version": 1, **model_config})
            write_record(folder / "training_args.json", {"format_version": 1, **(training_args or {})})
            checkpoint.save(folder / "pytorch_model.bin", checkpoints.state(model))
            self._update(model_saved=True, model_path=str(folder / "pytorch_model.bin"))

    # ---- results

    def save_evaluation_results(self, results: Mapping[str, Any]) -> None:
        """Writes results/eval_results.json; its numbers become the metadata's eval_metrics."""
        with self._lock:
            self._take()
            head = {name: self._metadata.get(name) for name in ("stock_symbol", "model_type")}
            whole = {"format_version": 1, "evaluated_at": timestamp(), **head, **results}
            metrics = {name: value for name, value in numbers(results).items() if name not in _NO_METRIC}
            changes: dict[str, Any] = {"evaluation_completed": True, "eval_metrics": metrics}
            with self._kept("results/eval_results.json", changes):
                write_record(self.folder / "results" / "eval_results.json", whole)
                self._update(**changes)

    def save_predictions(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Writes results/predictions.json: a list of {series, date, actual, prediction} and the ids."""
        with self._lock:
            self._take()
            with self._kept("results/predictions.json"):
                write_record(self.folder / "results" / "predictions.json", list(rows))

    def record_version(self, address: str) -> None:
        """Notes the address of the version that the run's model was published as."""
        with self._lock:
            self._take()
            with self._kept("metadata.json", {"version": address}):
                self._update(version=address)

    def log_file(self, path: str | Path, name: str | None = None) -> None:
        """Keeps a copy of a file, or of a folder, as files/{name}; default: its own name. NotFound where it is not."""
        with self.going_on(f"files/{name or Path(path).name}"):
            artifacts.keep_file(self.folder / "files", Path(path), name)
        self._wake()

    def log_figure(self, name: str, figure: Any, step: int | None = None) -> None:
        """Keeps a figure as figures/{name}.png or {name}-{step}.png: matplotlib, PIL, an array, or PNG as bytes."""
        with self.going_on(f"figures/{name}"):
            artifacts.keep_figure(self.folder / "figures", name if step is None else f"{name}-{step}", figure)
        self._wake()

    def log_table(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any] | Mapping[str, Any]]) -> None:
        """Keeps a table as tables/{name}.json; every row has a value for each column."""
        with self.going_on(f"tables/{name}"):
            artifacts.keep_table(self.folder / "tables", name, columns, rows)
        self._wake()


def _home_output() -> Path:
    from tidebook.core.settings import Settings

    return Settings().out


def _outputs(output_dir: str | Path | None) -> list[Path]:
    return [Path(output_dir)] if output_dir is not None else [_home_output(), Path("out")]


def zone_of(name: str | None) -> str | None:
    """The zone that was given, else the configured one; InvalidInput where there is no such zone."""
    if name is None:
        name = os.environ.get("TIDEBOOK_TIMEZONE") or None
    try:
        now(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidInput(
            "A time zone must have an IANA name", got=str(name), fix="Write it like Asia/Shanghai or Europe/Berlin."
        ) from error
    return name
