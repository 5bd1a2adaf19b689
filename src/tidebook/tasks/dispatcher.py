"""The thread that starts waiting tasks and watches running ones, whoever started them."""

from __future__ import annotations

import logging
import platform
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tidebook.core.clock import now, timestamp
from tidebook.core.environment import job_environment
from tidebook.core.errors import TaskFailure, TidebookError
from tidebook.core.settings import Settings
from tidebook.records import task as records
from tidebook.records.task import TaskRecord
from tidebook.tasks import lease
from tidebook.tasks.outcome import conclude, settle_run
from tidebook.tasks.queue import Queue

if TYPE_CHECKING:
    from tidebook.abc import Executor

logger = logging.getLogger(__name__)

TICK = 0.25  #: seconds between looks
PROGRESS = 0.5  #: seconds between two announcements of one task's progress
START_GRACE = 10.0  #: seconds in which a runner that was just started may be silent

TRAIN: tuple[str, ...] = (sys.executable, "-m", "tidebook.jobs", "train")  #: followed by the task's folder


class Dispatcher:
    """Fills free slots and takes over whatever runs. Facts are in the files, so a restart loses nothing.

    `published` is called with the address of a new version before its task counts as done; what `lend` gives is added
    to the environment of a task's process.
    """

    def __init__(
        self,
        queue: Queue,
        executor: Executor,
        settings: Settings,
        *,
        command: Sequence[str] = TRAIN,
        published: Callable[[str], object] = lambda version: None,
        lend: Callable[[TaskRecord], Mapping[str, str]] = lambda record: {},
    ) -> None:
        self._queue, self._executor, self._settings = queue, executor, settings
        self._command, self._published, self._lend = command, published, lend
        self._machine = platform.node() or "localhost"
        self._env = job_environment(settings, settings.slots)
        self._seen: dict[str, tuple[int, float]] = {}  # progress file's time, and when it was announced
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._loop, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Brings the queue in line with the files, then begins to work."""
        self._queue.restore(list(records.every(self._settings)), self._machine)
        self._thread.start()

    def wake(self) -> None:
        """Looks at once instead of at the next tick."""
        self._wake.set()

    def close(self) -> None:
        """Ends the thread; running tasks go on."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(10)
        self._executor.reap()

    def step(self) -> None:
        """Looks once at everything that runs, then starts what there is room for."""
        self._executor.reap()
        for record in self._queue.running(self._machine):
            try:
                self._watch(record)
            except Exception:  # What is wrong with one task must not keep the others waiting.
                logger.exception("task %s could not be watched", record.id)
        while (claimed := self._queue.claim(self._machine, self._settings.slots)) is not None:
            self._start(claimed)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                self.step()
            except Exception:
                logger.exception("the dispatcher goes on after an error")
                self._stopping.wait(1.0)
            self._wake.wait(TICK)
            self._wake.clear()

    def _start(self, record: TaskRecord) -> None:
        folder = self._folder(record)
        try:
            env = {**self._env, **self._lend(record)}
            self._executor.start(record.id, record.attempt, [*self._command, str(folder)], env)
        except (OSError, TidebookError) as error:
            failure = TaskFailure(
                "The training must be started", got=f"an error ({error})", fix="Check the machine, then start it again."
            )
            self._end(record, {"state": "FAIL", "error": failure.problem()})

    def _watch(self, record: TaskRecord) -> None:
        folder = self._folder(record)
        alive = self._executor.alive(record.id, record.attempt)
        ended = lease.read_exit(folder, record.attempt)  # read after the look: exit.json comes before the runner's end
        if ended is not None:
            self._end(record, conclude(folder, record, ended))
        elif alive:
            if record.stop_requested_at is not None:
                self._executor.stop(record.id, record.attempt)
            self._announce(record, folder)
        elif abs(_age(record.started_at)) > START_GRACE or lease.read_lease(folder, record.attempt) is not None:
            self._lose(record, folder)

    def _lose(self, record: TaskRecord, folder: Path) -> None:
        if lease.read_lease(folder, record.attempt) is None and record.stop_requested_at is None:
            logger.warning("attempt %d of %s never began; it waits again", record.attempt, record.id)
            self._queue.change(record.id, {"RUNNING"}, state="CREATED", started_at=None)
            return
        if self._executor.clear(record.id, record.attempt):
            return  # Its process still ends, and with it what it holds of the run; the next look concludes.
        self._end(record, conclude(folder, record, None))

    def _end(self, record: TaskRecord, changes: dict[str, object]) -> None:
        settle_run(self._settings, changes)
        version = changes.get("version")
        if isinstance(version, str):
            try:
                self._published(version)
            except (TidebookError, OSError):
                logger.exception("version %s is not in the catalog yet", version)
        self._queue.change(record.id, {"RUNNING"}, finished_at=timestamp(), **changes)
        self._seen.pop(record.id, None)

    def _announce(self, record: TaskRecord, folder: Path) -> None:
        """Lets followers know when the progress file has changed, but not at every step."""
        try:
            stamp = (folder / "progress.json").stat().st_mtime_ns
        except FileNotFoundError:
            return
        before, at = self._seen.get(record.id, (0, 0.0))
        if stamp != before and time.monotonic() - at >= PROGRESS:
            self._seen[record.id] = (stamp, time.monotonic())
            self._queue.touch(record.id)

    def _folder(self, record: TaskRecord) -> Path:
        return records.folder(self._settings, record.id).absolute()


def _age(moment: str | None) -> float:
    """Seconds since an ISO 8601 moment; negative where the clock was set back since."""
    return (now() - datetime.fromisoformat(moment)).total_seconds() if moment else float("inf")
