"""context.json: where a run came from, so that it can be understood and trained again.

Collected in a thread beside the training. Environment variables are never recorded, and secrets in command lines
and addresses are masked.
"""

from __future__ import annotations

import os
import platform
import shlex
import sys
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook.core.clock import timestamp
from tidebook.core.environment import cpu_count
from tidebook.core.files import write_bytes
from tidebook.core.masking import masked_arguments
from tidebook.runs import git, gpus
from tidebook.runs.liveness import host
from tidebook.runs.record import read_object, write_record

if TYPE_CHECKING:
    from tidebook.runs.writer import RunWriter

FILE = "context.json"
PATCH = "context/diff.patch"
FINISH_SECONDS = 5.0  #: how long the end of a run waits for its context
SMALL_BYTES = 64 * 1024  #: of a diff that is written without a thread
SAME_SECONDS = 2.0  #: within which runs of one process share a look at git


class Context:
    """Writes the context of a run, and tells the run when it is there or why it is not."""

    def __init__(self, run: RunWriter, facts: Mapping[str, Any]) -> None:
        self._run = run
        self._facts = {**_here(), **facts}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._collect, name="tidebook-context", daemon=True)
        if _is_known(self._facts["cwd"]):
            self._collect()  # A thread would take longer.
        else:
            self._thread.start()

    def add(self, facts: Mapping[str, Any]) -> None:
        """Puts more facts into the context, or corrects those that are there."""
        with self._lock:
            self._facts |= facts
            if not self._thread.is_alive():
                self._write()

    def wake(self) -> None:
        """Nothing is to be done when something is written."""

    def finish(self) -> None:
        """Waits for the context."""
        if self._thread.is_alive():
            self._thread.join(FINISH_SECONDS)

    def _collect(self) -> None:
        found, patch = _git(self._facts["cwd"])
        machine = {"packages": packages(), "gpus": gpus.names()}
        with self._lock:
            self._facts = {"format_version": 1, "recorded_at": timestamp(), "git": found, **self._facts, **machine}
            self._write(patch)

    def _write(self, patch: bytes = b"") -> None:
        folder = self._run.folder
        with self._run.going_on(FILE):
            if not folder.is_dir():
                return  # Somebody removed it: it does not come back for this.
            if patch:
                write_bytes(folder / PATCH, patch, later=True)
            write_record(folder / FILE, self._facts)


def read(folder: Path, problems: list[str] | None = None) -> dict[str, Any]:
    """What context.json of a run says; {} where there is none or it cannot be read."""
    return read_object(folder / FILE, [] if problems is None else problems)


@cache
def packages() -> dict[str, str]:
    """The installed packages and their versions, by name."""
    from importlib.metadata import distributions

    found: dict[str, str] = {}
    for each in distributions():
        name = each.metadata["Name"]
        if name:
            found.setdefault(str(name), str(each.version))
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def threads() -> int:
    """How many threads numeric libraries of this process compute with."""
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):
        return int(torch.get_num_threads())
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) else cpu_count()


def _here() -> dict[str, Any]:
    try:
        folder = os.getcwd()  # noqa: PTH109 - Path.cwd() is no clearer, and slower
    except FileNotFoundError:  # It was removed under the process.
        folder = ""
    return {
        "command": shlex.join(masked_arguments(sys.orig_argv)),
        "cwd": folder,
        "python": platform.python_version(),
        "host": host(),
        "platform": _platform(),
        "cpus": cpu_count(),
        "threads": threads(),
    }


@cache
def _platform() -> str:
    return platform.platform()


_git_lock = threading.Lock()
_git_seen: tuple[str, float, git.State | None] = ("", 0.0, None)


def _git(folder: str) -> tuple[dict[str, Any] | None, bytes]:
    global _git_seen  # noqa: PLW0603 - of the process
    with _git_lock:
        where, moment, state = _git_seen
        if where != folder or not 0 <= time.monotonic() - moment < SAME_SECONDS:
            state = git.look(Path(folder)) if folder else None
            _git_seen = (folder, time.monotonic(), state)
    if state is None:
        return None, b""
    return {**state.facts, "diff": PATCH if state.diff else None}, state.diff


def _is_known(folder: str) -> bool:
    """Whether all that takes time was collected a moment ago for another run."""
    where, moment, state = _git_seen
    recent = where == folder and 0 <= time.monotonic() - moment < SAME_SECONDS
    return recent and packages.cache_info().currsize > 0 and len(state.diff if state else b"") < SMALL_BYTES


def _start_afresh() -> None:
    # In a forked child: a thread that it does not have may hold the lock.
    global _git_lock  # noqa: PLW0603
    _git_lock = threading.Lock()


os.register_at_fork(after_in_child=_start_afresh)
