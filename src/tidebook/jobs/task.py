"""The training of a task: a folder tells what to do and takes what came of it."""

from __future__ import annotations

import signal
import sys
import traceback
from pathlib import Path
from types import FrameType

from tidebook.core.errors import NotFound, TaskFailure, TidebookError
from tidebook.core.files import read_json, write_json
from tidebook.core.settings import Settings
from tidebook.jobs.context import Cancelled
from tidebook.jobs.progress import ProgressFile
from tidebook.jobs.train import train
from tidebook.specs import TrainSpec


def run_task(folder: Path) -> int:
    """Trains what `folder`/spec.json asks for and returns the exit code.

    progress.json follows the training; result.json or error.json (a problem document) is its end. A second
    attempt in the same folder continues the run of the first.
    """
    stopping = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        raise Cancelled

    signal.signal(signal.SIGTERM, stop)
    (folder / "error.json").unlink(missing_ok=True)
    try:
        spec = TrainSpec.model_validate(read_json(folder / "spec.json"))
        result = train(
            spec,
            Settings(),
            watch=ProgressFile(folder / "progress.json"),
            should_stop=lambda: stopping,
            task_id=folder.name,
            resume=_earlier_run(folder),
            listener=sys.stdout.write,
            publishing=lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),  # who stops it now comes too late
            owner=_owner(folder),
        )
        write_json(folder / "result.json", result.to_json())
    except Cancelled:
        return 128 + signal.SIGTERM
    except TidebookError as error:
        write_json(folder / "error.json", error.problem())
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - whatever it is, the task must say why it failed
        traceback.print_exc()
        failure = TaskFailure(
            "The training must end without an error",
            got=f"{type(error).__name__}: {error}",
            fix="The log holds the details.",
        )
        write_json(folder / "error.json", failure.problem())
        return failure.exit_code
    return 0


def _owner(folder: Path) -> str | None:
    """The user who asked for the training; None where the task has no record beside its request."""
    try:
        owner = read_json(folder / "task.json").get("owner")
    except (NotFound, AttributeError):
        return None
    return owner if isinstance(owner, str) and owner else None


def _earlier_run(folder: Path) -> str | None:
    try:
        return str(read_json(folder / "progress.json")["run_name"])
    except NotFound:
        return None
