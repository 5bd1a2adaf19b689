"""What the tests of tasks share: a home with a database, and tasks whose jobs are small scripts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tidebook.catalog.database import Database, open_database
from tidebook.catalog.migrate import migrate
from tidebook.core.clock import timestamp
from tidebook.core.files import write_json
from tidebook.core.ids import new_id
from tidebook.core.settings import Settings
from tidebook.records import task as records
from tidebook.records.task import TaskRecord
from tidebook.tasks.queue import Queue

JOBS = Path(__file__).with_name("jobs.py")


def job(kind: str) -> tuple[str, ...]:
    """The command of a small job, to be followed by the task's folder."""
    return (sys.executable, str(JOBS), kind)


def eventually(look: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What `look` gives as soon as it is true; fails after a while."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """A migrated database."""
    opened = open_database(settings)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def queue(database: Database, settings: Settings) -> Queue:
    """An empty queue."""
    return Queue(database, settings)


@pytest.fixture
def new_task(settings: Settings) -> Callable[..., TaskRecord]:
    """Makes the folder and file of a task."""

    def make(**changes: Any) -> TaskRecord:
        values: dict[str, Any] = {
            "id": new_id("TRAI"),
            "name": "a training",
            "description": "lstm · product",
            "spec": {"dataset": "DSET" + "0" * 28},
            "owner": "admin",
            "created_at": timestamp(),
        }
        record = TaskRecord(**{**values, **changes})
        write_json(records.folder(settings, record.id) / "spec.json", record.spec)
        records.save(settings, record)
        return record

    return make
