"""What became of an attempt, read from what it left behind."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import Any

from tidebook.core.errors import NotFound, TaskFailure, TidebookError
from tidebook.core.files import read_json
from tidebook.core.settings import Settings
from tidebook.records.task import TaskRecord
from tidebook.tasks.lease import Exit

logger = logging.getLogger(__name__)

CANCELLED = "cancelled"


def conclude(folder: Path, record: TaskRecord, ended: Exit | None) -> dict[str, Any]:
    """The fields of the record that change now that the attempt is over; `ended` is None where its runner vanished."""
    progress = _read(folder / "progress.json")
    known = {"progress": progress, "run_name": (progress or {}).get("run_name") or record.run_name}
    result = _read(folder / "result.json")
    # result.json is the job's last word: a runner that was killed after it takes nothing back.
    if result is not None and (ended is None or ended.code == 0):
        return {
            **known,
            "state": "SUCCESS",
            "run_name": result.get("run_name") or known["run_name"],
            **{name: result.get(name) for name in ("version", "metrics", "baseline")},
        }
    if record.stop_requested_at is not None or (ended is not None and ended.cancelled):
        return {**known, "state": "ABORT"}
    error = _read(folder / "error.json") if ended is not None else None
    return {**known, "state": "FAIL", "error": error or _failure(ended).problem()}


def settle_run(settings: Settings, changes: dict[str, Any]) -> None:
    """Marks the run failed, with the reason, where its own process had no time to."""
    name = changes.get("run_name")
    if not name or changes["state"] == "SUCCESS":
        return
    from tidebook.runs import TrainingManager

    reason = CANCELLED if changes["state"] == "ABORT" else str(changes["error"].get("detail") or "no reason was given")
    try:
        with_end = TrainingManager.load_run(name, output_dir=settings.out)
        if with_end.lost or with_end.status not in {"completed", "failed"}:
            with_end.update_status("failed", reason=reason)
    except (TidebookError, OSError, ValueError) as error:
        logger.warning("run %s could not be marked failed: %s", name, error)


def _failure(ended: Exit | None) -> TaskFailure:
    rule = "The training must run to its end"
    if ended is None:
        return TaskFailure(
            rule,
            got="a training that was lost: its process vanished without a word",
            fix="The machine may have been restarted, or something killed it. Start it again.",
        )
    if ended.out_of_memory:
        return TaskFailure(
            rule,
            got="a process that the system killed, because memory ran out as it seems",
            fix="Choose fewer series, a smaller batch_size or model, or run fewer trainings at once.",
        )
    if ended.signal is not None:
        return TaskFailure(
            rule,
            got=f"a process that {_signal_name(ended.signal)} ended",
            fix="See the end of its log. SIGKILL often means that memory ran out.",
        )
    return TaskFailure(
        rule,
        got=f"a process that ended with code {ended.code} and left no result",
        fix="See the end of its log.",
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value = read_json(path)
    except NotFound:
        return None
    return value if isinstance(value, dict) else None
