"""Tasks as the server's routes and live topics see them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from typing import Any

from tidebook.catalog.access import Access
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, NotFound
from tidebook.core.files import read_json, safe_join, storage_errors, write_json
from tidebook.core.ids import new_id
from tidebook.core.settings import Settings
from tidebook.records import task as records
from tidebook.records.task import ENDED, TaskRecord
from tidebook.specs import TrainSpec
from tidebook.tasks.queue import Queue
from tidebook.tasks.tail import Chunk, log_chunk, metrics_chunk

CHANGES_AT_ONCE = 200


class TaskManager:
    """Creates tasks, tells about them, stops them. `wake` makes the dispatcher look at once."""

    def __init__(self, queue: Queue, settings: Settings, wake: Callable[[], None]) -> None:
        self._queue, self._settings, self._wake = queue, settings, wake

    def create(self, spec: TrainSpec, access: Access) -> dict[str, Any]:
        """A new task of the user that waits for a slot. The request must have been checked."""
        record = TaskRecord(
            id=new_id("TRAI"),
            name=spec.name or spec.description,
            description=spec.description,
            spec=spec.model_dump(mode="json"),
            owner=access.user_id,
            created_at=timestamp(),
        )
        folder = records.folder(self._settings, record.id)
        try:
            with storage_errors(folder):
                folder.mkdir(parents=True)
            write_json(folder / "spec.json", record.spec)
            records.save(self._settings, record)
            self._queue.add(record)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # Else it would begin at the next start of the server.
            raise
        self._wake()
        return self.get(record.id, access)

    def get(self, task_id: str, access: Access) -> dict[str, Any]:
        """The task as HTTP shows it; NotFound where there is none that the user sees, as in all that follows."""
        return self._shown([self._queue.get(task_id, access)[0]])[0]

    def page(
        self, state: str | None, limit: int, after: str | None, access: Access, project: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Tasks of one project or all, newest first, and where the next page begins."""
        found, following = self._queue.page(state, limit, after, access, project)
        return self._shown(found), following

    def stop(self, task_id: str, access: Access) -> dict[str, Any]:
        """Aborts a waiting task; asks a running one to end. Conflict where it has ended otherwise.

        Forbidden for who sees the task but may not change it.
        """
        seen, _ = self._queue.get(task_id, access)
        access.check_change(seen.project, seen.owner)
        now = timestamp()
        stopped = self._queue.change(
            task_id, {"CREATED"}, state="ABORT", stop_requested_at=now, finished_at=now
        ) or self._queue.change(task_id, {"RUNNING"}, stop_requested_at=now)
        if stopped is None:
            record, _ = self._queue.get(task_id)
            if record.state != "ABORT":
                raise Conflict(
                    "A training must be waiting or running to be stopped",
                    got=f"one that has ended with {record.state}",
                    fix="Nothing needs to be done.",
                )
        self._wake()
        return self.get(task_id, access)

    def logs(self, task_id: str, after: int, limit: int, access: Access) -> Chunk:
        """Lines of the task's output behind a cursor."""
        record, _ = self._queue.get(task_id, access)
        path = records.folder(self._settings, task_id) / "output.log"
        return log_chunk(path, after, limit, ended=record.state in ENDED)

    def metrics(self, task_id: str, after: int, access: Access) -> Chunk:
        """Entries of the run's metrics log behind a cursor."""
        record, _ = self._queue.get(task_id, access)
        ended = record.state in ENDED
        run_name = record.run_name or (self._progress(record) or {}).get("run_name")
        if not run_name:
            return Chunk([], after, complete=ended)
        return metrics_chunk(safe_join(self._settings.out, run_name, "logs", "metrics.json"), after, ended=ended)

    def changes(self, after: int, access: Access) -> Chunk:
        """Tasks that changed behind a cursor, each as it is now."""
        found = self._queue.changed(after, CHANGES_AT_ONCE, access)
        return Chunk(self._shown([record for record, _ in found]), found[-1][1] if found else after)

    def changes_of(self, task_id: str, after: int, access: Access) -> Chunk:
        """The task, if it changed behind a cursor."""
        record, change = self._queue.get(task_id, access)
        if change <= after:
            return Chunk([], after, complete=record.state in ENDED)
        return Chunk(self._shown([record]), change)

    def now(self) -> int:
        """The cursor behind everything that has happened."""
        return self._queue.last_change()

    def _shown(self, found: Sequence[TaskRecord]) -> list[dict[str, Any]]:
        waiting = self._queue.waiting() if any(record.state == "CREATED" for record in found) else []
        places = {task_id: place for place, task_id in enumerate(waiting, start=1)}
        return [self._show(record, places.get(record.id)) for record in found]

    def _show(self, record: TaskRecord, place: int | None) -> dict[str, Any]:
        progress = self._progress(record)
        return {
            **record.to_json(),
            "project": record.project,
            "progress": progress,
            "run_name": record.run_name or (progress or {}).get("run_name"),
            "queue_position": place,
        }

    def _progress(self, record: TaskRecord) -> dict[str, Any] | None:
        if record.state != "RUNNING":
            return record.progress
        try:
            progress: dict[str, Any] = read_json(records.folder(self._settings, record.id) / "progress.json")
        except NotFound:
            return record.progress
        return progress
