"""tasks/{id}/task.json: a request to compute, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from tidebook.core.errors import NotFound
from tidebook.core.files import read_json, safe_join, write_json
from tidebook.core.ids import check_id
from tidebook.core.settings import Settings
from tidebook.records.belonging import belonging

logger = logging.getLogger(__name__)

State = Literal["CREATED", "RUNNING", "SUCCESS", "FAIL", "ABORT"]
ENDED: frozenset[str] = frozenset({"SUCCESS", "FAIL", "ABORT"})  #: states that nothing follows


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """A task as its file tells it."""

    id: str  #: TRAI and 28 characters
    name: str  #: for people
    description: str  #: the training description
    spec: dict[str, Any]  #: a TrainSpec
    owner: str  #: the user who asked
    created_at: str
    state: State = "CREATED"  #: CREATED waits, RUNNING has an attempt, the others are final
    attempt: int = 0  #: how often it was started
    started_at: str | None = None  #: of the newest attempt
    finished_at: str | None = None
    stop_requested_at: str | None = None  #: when somebody asked to stop it
    progress: dict[str, Any] | None = None  #: the last progress, kept when the task ends
    run_name: str | None = None  #: folder in out/
    version: str | None = None  #: address of what was published
    metrics: dict[str, Any] | None = None  #: on the held-out end
    baseline: dict[str, Any] | None = None  #: the same of the naive forecasts
    error: dict[str, Any] | None = None  #: a problem document

    @property
    def project(self) -> str:
        """The project that the training was asked for in."""
        return belonging(self.spec).project

    def to_json(self) -> dict[str, Any]:
        """The content of task.json."""
        return {"format_version": 1, **asdict(self)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> TaskRecord:
        """The record in the content of task.json; fields of a later release are passed over."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: inner for name, inner in value.items() if name in known})


def folder(settings: Settings, task_id: str) -> Path:
    """The folder of a task, whether or not it exists."""
    return safe_join(settings.tasks, check_id(task_id, "TRAI"))


def save(settings: Settings, record: TaskRecord) -> None:
    """Replaces the task's file."""
    write_json(folder(settings, record.id) / "task.json", record.to_json())


def load(settings: Settings, task_id: str) -> TaskRecord:
    """The record of a task; NotFound where there is none."""
    path = folder(settings, task_id) / "task.json"
    if not path.is_file():
        raise NotFound("The task must exist", got=task_id, fix="Choose one from the list of trainings.")
    return TaskRecord.from_json(read_json(path))


def every(settings: Settings) -> Iterator[TaskRecord]:
    """All tasks in the home; a damaged one, and a copy under another name, is passed over with a line in the log."""
    if not settings.tasks.is_dir():
        return
    for path in sorted(settings.tasks.glob("TRAI*/task.json")):
        try:
            record = TaskRecord.from_json(read_json(path))
        except (NotFound, TypeError, AttributeError, OSError) as error:
            logger.warning("%s is passed over: %s", path, error)
            continue
        if record.id == path.parent.name:
            yield record
        else:  # Somebody copied the folder: what the copy says must not stand for the task itself.
            logger.warning("%s is passed over: it is a copy of %s", path, record.id)
