"""`python -m tidebook.tasks.runner TASK_DIR ATTEMPT -- COMMAND…` watches one attempt and outlives the server.

It starts the command in a process group of its own with its output in TASK_DIR/output.log, renews the lease, and at
the end writes exit.json. SIGTERM to the runner ends the group: SIGTERM first, SIGKILL after a grace.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from tidebook.core.clock import timestamp
from tidebook.core.errors import NotFound, StorageFailure
from tidebook.core.files import read_json
from tidebook.tasks.lease import RENEWAL, Exit, Lease, holding

GRACE = 10.0  #: seconds between SIGTERM and SIGKILL
LAST_WORD = 3600.0  #: seconds that a full disk may keep exit.json waiting
CANNOT_START = 127  #: exit code of a job whose command cannot be started


class Runner:
    """One attempt."""

    def __init__(self, folder: Path, attempt: int, command: list[str], grace: float = GRACE) -> None:
        self._folder, self._attempt, self._command, self._grace = folder, attempt, command, grace
        self._cancelled = False

    def run(self) -> int:
        """Runs the command to its end. 0 when exit.json was written, 1 when the attempt is not ours to run."""
        signal.signal(signal.SIGTERM, self._cancel)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with holding(self._folder) as held:
            if not held or not self._is_current():
                return 1
            started_at, kills = timestamp(), _kills_for_memory()
            self._renew(None)
            code = self._run_job()
            ended_by = -code if code < 0 else None
            ended = Exit(
                attempt=self._attempt,
                code=None if ended_by else code,
                signal=ended_by,
                cancelled=self._cancelled,
                out_of_memory=ended_by == signal.SIGKILL and not self._cancelled and _kills_for_memory() > kills,
                started_at=started_at,
                finished_at=timestamp(),
            )
            self._leave(ended)
        return 0

    def _leave(self, ended: Exit) -> None:
        """Writes exit.json; a full disk makes it wait, for without it nobody knows how the job ended."""
        until = time.monotonic() + LAST_WORD
        while True:
            try:
                ended.write(self._folder)
            except StorageFailure:
                if time.monotonic() > until:
                    raise
                time.sleep(RENEWAL)
            else:
                return

    def _cancel(self, number: int, frame: FrameType | None) -> None:
        self._cancelled = True

    def _is_current(self) -> bool:
        """Whether the task still wants this attempt: a newer one shuts out the older."""
        try:
            task = read_json(self._folder / "task.json")
        except NotFound:
            return False
        return bool(task.get("attempt") == self._attempt and task.get("state") == "RUNNING")

    def _run_job(self) -> int:
        with (self._folder / "output.log").open("ab") as output:
            if self._cancelled:
                return -signal.SIGTERM
            try:
                job = subprocess.Popen(
                    self._command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                )
            except OSError as error:
                output.write(f"{self._command[0]} cannot be started: {error}\n".encode())
                return CANNOT_START
        self._watch(job)
        _signal_group(job.pid, signal.SIGKILL)  # whatever the job left running
        return job.returncode

    def _watch(self, job: subprocess.Popen[bytes]) -> None:
        kill_at: float | None = None
        while True:
            self._renew(job.pid)
            try:
                job.wait(0.1 if self._cancelled else RENEWAL)
            except subprocess.TimeoutExpired:
                pass
            else:
                return
            if self._cancelled and kill_at is None:
                _signal_group(job.pid, signal.SIGTERM)
                kill_at = time.monotonic() + self._grace
            if kill_at is not None and time.monotonic() > kill_at:
                _signal_group(job.pid, signal.SIGKILL)

    def _renew(self, job_pid: int | None) -> None:
        lease = Lease(
            attempt=self._attempt,
            runner_pid=os.getpid(),
            job_pid=job_pid,
            command=self._command,
            renewed_at=timestamp(),
        )
        try:
            lease.write(self._folder)
        except (OSError, StorageFailure) as error:
            # A full disk must not end a training; the lock alone shows that we live.
            sys.stderr.write(f"{timestamp()} the lease was not renewed: {error}\n")


def _signal_group(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody may be left in it
        os.killpg(leader, number)


def _kills_for_memory() -> int:
    """How often the kernel has killed for memory on this machine; 0 where it does not tell."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def main(arguments: list[str]) -> int:
    """Runs the attempt that the arguments name."""
    match arguments:
        case [folder, attempt, "--", *command] if command and attempt.isdigit():
            return Runner(Path(folder), int(attempt), command).run()
        case _:
            sys.stderr.write(f"{__doc__}\n")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
