"""TrainingManager: the run class. It writes the folder of one training, and finds and reads those there are."""

from __future__ import annotations

import math
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args
from zoneinfo import ZoneInfoNotFoundError

from tidebook.core.clock import now, timestamp
from tidebook.core.errors import InvalidInput, NotFound, nearest
from tidebook.core.files import check_segment
from tidebook.runs import checkpoints
from tidebook.runs.folder import RunFolder
from tidebook.runs.metrics_log import MetricsLog
from tidebook.runs.names import claim_run, run_name
from tidebook.runs.record import describe, describe_all, numbers, read_object, write_record
from tidebook.runs.training_log import TrainingLog

Status = Literal["initialized", "preparing", "training", "completed", "failed"]
STATUSES: tuple[Status, ...] = get_args(Status)
ENDED = frozenset({"completed", "failed"})
_NO_METRIC = frozenset({"test_samples", "format_version"})
_RESERVED = frozenset({"epoch", "phase", "timestamp"})


class TrainingManager(RunFolder):
    """The record of one training, in the folder `{output_dir}/{run_name}/`.

    A new one claims its folder at once: `{stock_symbol or scope}_{model_type}_{timestamp}`, with `_2` for a twin in
    the same second, or exactly `run_name` where that is given (Conflict if it is taken). `output_dir` is relative to
    the working folder; the default is out/ in the home. One process writes a run at a time, anyone may read.

    As a context manager it marks the run completed at the end, or failed with the reason.
    """

    listener: Callable[[str], object] | None = None  #: is given what is added to training.log, too

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
    ) -> None:
        zone = _zone(timezone)
        output = Path(output_dir) if output_dir is not None else _home_output()
        created = timestamp()
        self._attach(_new_folder(output, stock_symbol or scope, model_type, run_name, zone), zone)
        self._metadata: dict[str, Any] = {
            "format_version": 1,
            "run_name": self.run_name,
            "stock_symbol": stock_symbol,
            "scope": scope,
            "model_type": model_type,
            "data_source": None,
            "created_at": created,
            "updated_at": created,
            "status": "initialized",
            "model_saved": False,
            "model_path": None,
            "evaluation_completed": False,
            "eval_metrics": {},
            "task_id": task_id,
        }
        try:
            self._take()
        except BaseException:
            self._log.close()
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _attach(self, folder: Path, zone: str | None) -> None:
        self.folder = folder
        self.run_name = folder.name
        self._lock = threading.RLock()
        self._stamped = (0, "")
        self._log = MetricsLog.at(folder / "logs" / "metrics.json", self._writer)
        self._text = TrainingLog(folder / "logs" / "training.log", zone)

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
        folder = next((output / run_name for output in outputs if (output / run_name).is_dir()), None)
        if folder is None:
            known = [run["run_name"] for run in describe_all(outputs)]
            raise NotFound("A run must exist to be loaded", got=run_name, fix=nearest(run_name, known))
        run = cls.__new__(cls)
        run._attach(folder, _zone(timezone))
        run._metadata = describe(folder)
        return run

    @classmethod
    def list_runs(cls, output_dir: str | Path | None = None) -> list[dict[str, Any]]:
        """The metadata of all runs, newest first, each with `folder` and a list of `problems`.

        A run whose files are missing or broken is listed with what is wrong; `eval_metrics` is never null.
        """
        return describe_all(_outputs(output_dir))

    # ---- writing

    def save_config(self, config: Mapping[str, Any]) -> None:
        """Writes config.json: the run's names, and everything in `config`."""
        with self._lock:
            self._take()
            head = {
                name: self._metadata.get(name) for name in ("stock_symbol", "model_type", "data_source", "created_at")
            }
            whole = {"format_version": 1, **head, **config} | {"run_name": self.run_name}
            write_record(self.folder / "config.json", whole)
            self._update(data_source=whole["data_source"])

    def save_training_log(self, text: str) -> None:
        """Adds a line (or several) to logs/training.log. A full disk does not stop the training."""
        lines = self._text.append(text)
        if self.listener is not None:
            self.listener(lines)

    def log_metrics(self, epoch: int, metrics: Mapping[str, Any], phase: str = "train") -> None:
        """Adds an entry to logs/metrics.json; it survives the death of the process once this returns.

        A full disk does not stop the training: entries wait, and what is dropped is counted in the metadata.
        """
        entry = {"epoch": epoch, "phase": phase, "timestamp": self._stamp(), **metrics}
        if not _RESERVED.isdisjoint(metrics):
            entry |= {"epoch": epoch, "phase": phase}
        if not self._log.is_open:
            self._take()
        self._log.append(entry)

    def save_checkpoint(
        self, model: Any, optimizer: Any, epoch: int, metrics: Mapping[str, Any], extra: Mapping[str, Any] | None = None
    ) -> None:
        """Keeps the state of `model` and `optimizer` in checkpoints/checkpoint-{epoch}/, and in best/ too where
        metrics["val_loss"] is the lowest so far. `extra` holds what else resuming needs.
        """
        loss = metrics.get("val_loss")
        lowest = checkpoints.best_loss(self.folder / "checkpoints")
        best = loss is not None and math.isfinite(loss) and (lowest is None or float(loss) < lowest)
        content = {"model_state_dict": _state(model), "optimizer_state_dict": _state(optimizer), **(extra or {})}
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
            checkpoint.save(folder / "pytorch_model.bin", _state(model))
            self._update(model_saved=True, model_path=str(folder / "pytorch_model.bin"))

    def save_evaluation_results(self, results: Mapping[str, Any]) -> None:
        """Writes results/eval_results.json; its numbers become the metadata's eval_metrics."""
        with self._lock:
            self._take()
            head = {name: self._metadata.get(name) for name in ("stock_symbol", "model_type")}
            whole = {"format_version": 1, "evaluated_at": timestamp(), **head, **results}
            write_record(self.folder / "results" / "eval_results.json", whole)
            metrics = {name: value for name, value in numbers(results).items() if name not in _NO_METRIC}
            self._update(evaluation_completed=True, eval_metrics=metrics)

    def save_predictions(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Writes results/predictions.json: a list of {series, date, actual, prediction} and the ids."""
        with self._lock:
            self._take()
            write_record(self.folder / "results" / "predictions.json", list(rows))

    def update_status(self, status: str, reason: str | None = None) -> None:
        """Sets the status; `failed` keeps the reason. An ended run is released for other processes to write."""
        if status not in STATUSES:
            raise InvalidInput(
                f"A run's status must be one of {', '.join(STATUSES)}", got=status, fix=nearest(status, STATUSES)
            )
        with self._lock:
            self._take()
            ended = {"finished_at": timestamp()} if status in ENDED else {}
            failed = {"reason": reason or "no reason was given"} if status == "failed" else {}
            if status in ENDED:
                self._log.close()
            self._update(status=status, **ended, **failed)

    def close(self) -> None:
        """Lets other processes write the run; the status stays. A later write takes it again."""
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            reason = str(error)
            self.update_status("failed", f"{type(error).__name__}: {reason}" if reason else type(error).__name__)
        elif self.status not in ENDED:
            self.update_status("completed")

    # ---- the metadata

    def _take(self) -> None:
        """Makes this process the run's writer; Conflict where another one is."""
        with self._lock:
            if self._log.is_open:
                return
            self._log.open()
            self._update()

    def _update(self, **changes: Any) -> None:
        """Replaces metadata.json. What others added to it meanwhile stays."""
        path = self.folder / "metadata.json"
        base = {name: value for name, value in self._metadata.items() if name not in {"folder", "problems"}}
        merged = {**base, **read_object(path, []), **changes}
        if merged.get("status") != "failed":
            merged.pop("reason", None)
        if merged.get("status") not in ENDED:
            merged.pop("finished_at", None)
        warnings = self._warnings()
        if warnings:
            merged["warnings"] = warnings
        merged |= {"run_name": self.run_name, "updated_at": timestamp(), "writer": _me()}
        write_record(path, merged)
        self._metadata = merged

    def _warnings(self) -> list[str]:
        return [
            f"{name}: {waiting.dropped} entries were dropped and {len(waiting)} wait ({waiting.fault})"
            for name, waiting in (("metrics.json", self._log.waiting), ("training.log", self._text.waiting))
            if waiting.dropped or len(waiting)
        ]

    def _writer(self) -> str:
        writer = read_object(self.folder / "metadata.json", []).get("writer")
        return f"process {writer.get('pid')} on {writer.get('host')}" if isinstance(writer, dict) else "another process"

    def _stamp(self) -> str:
        """The time to the millisecond; calls within one share the text, which costs more than the rest of an entry."""
        moment, text = self._stamped
        current = time.time_ns() // 1_000_000
        if current != moment:
            text = timestamp()
            self._stamped = (current, text)
        return text


def _new_folder(output: Path, subject: str | None, model_type: str, name: str | None, zone: str | None) -> Path:
    if name is not None:
        return claim_run(output, check_segment(name, "A run's name"), exactly=True)
    return claim_run(output, run_name(subject, model_type, now(zone)))


def _home_output() -> Path:
    from tidebook.core.settings import Settings

    return Settings().out


def _outputs(output_dir: str | Path | None) -> list[Path]:
    return [Path(output_dir)] if output_dir is not None else [_home_output(), Path("out")]


def _zone(name: str | None) -> str | None:
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


def _me() -> dict[str, Any]:
    return {"pid": os.getpid(), "host": socket.gethostname()}


def _state(owner: Any) -> Mapping[str, Any]:
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
