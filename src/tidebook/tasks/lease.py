"""What a runner leaves in a task's folder: a lock while it lives, a lease that it renews, and how the job ended.

The runner of an attempt holds the lock on `runner.lock` as long as its process exists, so the kernel itself says
whether it is gone. `lease.json` says who it is; `exit.json` comes last.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tidebook.core.errors import NotFound
from tidebook.core.files import read_json, write_json

RENEWAL = 1.0  #: seconds between renewals of a lease
LOCK_PATIENCE = 5.0  #: seconds that a runner tries to get the lock, which a server may touch to look


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Who runs an attempt."""

    attempt: int
    runner_pid: int
    job_pid: int | None  #: the leader of the job's process group; None before it is started
    command: list[str]  #: the job's
    renewed_at: str

    def write(self, folder: Path) -> None:
        """Replaces lease.json."""
        write_json(folder / "lease.json", {"format_version": 1, **asdict(self)})


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How a job ended."""

    attempt: int
    code: int | None  #: None where a signal ended it
    signal: int | None  #: the signal that ended it
    cancelled: bool  #: the runner was told to end it
    out_of_memory: bool  #: a guess: the kernel killed something for memory meanwhile
    started_at: str
    finished_at: str

    def write(self, folder: Path) -> None:
        """Writes exit.json."""
        write_json(folder / "exit.json", {"format_version": 1, **asdict(self)})


def read_lease(folder: Path, attempt: int) -> Lease | None:
    """The lease of an attempt, if its runner has begun."""
    value = _of_attempt(folder / "lease.json", attempt)
    return Lease(**value) if value else None


def read_exit(folder: Path, attempt: int) -> Exit | None:
    """How an attempt ended, if it has."""
    value = _of_attempt(folder / "exit.json", attempt)
    return Exit(**value) if value else None


@contextmanager
def holding(folder: Path) -> Iterator[bool]:
    """Holds the runner's lock; yields False where another runner has it."""
    handle = os.open(folder / "runner.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield _lock(handle, time.monotonic() + LOCK_PATIENCE)
    finally:
        os.close(handle)


def is_held(folder: Path) -> bool:
    """Whether a runner lives in this folder."""
    try:
        handle = os.open(folder / "runner.lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _lock(handle: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        else:
            return True


def _of_attempt(path: Path, attempt: int) -> dict[str, Any] | None:
    try:
        value = read_json(path)
    except NotFound:
        return None
    if not isinstance(value, dict) or value.get("attempt") != attempt:
        return None
    value.pop("format_version", None)
    return value
