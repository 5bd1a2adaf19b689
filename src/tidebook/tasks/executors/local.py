"""Attempts as processes of this machine."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tidebook.core.files import safe_join
from tidebook.core.ids import check_id
from tidebook.tasks import lease


class LocalExecutor:
    """Starts a runner for each attempt, in a session of its own: it goes on when the server ends."""

    def __init__(self, tasks: Path) -> None:
        self._tasks = tasks.absolute()
        self._children: dict[str, int] = {}  # task → process number of its runner, where we started it

    def start(self, task_id: str, attempt: int, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """Starts the runner of an attempt; returns at once."""
        folder = self._folder(task_id)
        self._children[task_id] = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "tidebook.tasks.runner", str(folder), str(attempt), "--", *argv],
            env,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(folder / "runner.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )

    def alive(self, task_id: str, attempt: int) -> bool:
        """Whether the attempt's runner lives: a child of ours, or whoever holds the lock in its folder."""
        self.reap()
        return task_id in self._children or lease.is_held(self._folder(task_id))

    def stop(self, task_id: str, attempt: int) -> None:
        """Asks the runner to end its process group. Harmless where it has ended, or has not begun to listen yet."""
        folder = self._folder(task_id)
        held = lease.read_lease(folder, attempt)
        # The lock goes with a folder that was removed by hand; our own child is known without it.
        if held is not None and (held.runner_pid == self._children.get(task_id) or lease.is_held(folder)):
            _signal(held.runner_pid, signal.SIGTERM)

    def clear(self, task_id: str, attempt: int) -> bool:
        """Ends a job whose runner is gone, so that nothing goes on unseen; whether it was still there."""
        held = lease.read_lease(self._folder(task_id), attempt)
        if held is None or held.job_pid is None or not _runs(held.job_pid, held.command):
            return False
        _signal(-held.job_pid, signal.SIGKILL)
        return True

    def reap(self) -> None:
        """Forgets the children that have ended, and takes their status so that no zombie stays."""
        for task_id, pid in list(self._children.items()):
            try:
                ended, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:  # somebody else took it
                ended = pid
            if ended:
                del self._children[task_id]

    def _folder(self, task_id: str) -> Path:
        return safe_join(self._tasks, check_id(task_id, "TRAI"))


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # it may have ended meanwhile
        os.kill(pid, number)


def _runs(pid: int, command: list[str]) -> bool:
    """Whether the process with this number is the job, and not another that was given the number later."""
    import psutil

    try:
        return bool(psutil.Process(pid).cmdline() == command)
    except psutil.Error:
        return False
