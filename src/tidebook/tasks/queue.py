"""The queue: rows that are claimed with one atomic update. The file is written before the transaction counts."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from tidebook.catalog import moments
from tidebook.catalog.access import EVERYTHING, Access
from tidebook.catalog.database import Database, next_value
from tidebook.catalog.paging import page
from tidebook.catalog.tables import counters, tasks
from tidebook.core.clock import timestamp
from tidebook.core.errors import NotFound
from tidebook.core.settings import Settings
from tidebook.records import task as records
from tidebook.records.task import TaskRecord

COUNTER = "task-changes"


class Queue:
    """Tasks in the database and their files, changed together."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def add(self, record: TaskRecord) -> None:
        """A new task at the end of the queue; its file must be there already."""
        with self._database.write() as connection:
            connection.execute(insert(tasks).values(id=record.id, **_row(record), change=_change(connection)))

    def claim(self, machine: str, slots: int) -> TaskRecord | None:
        """The oldest waiting task, now RUNNING on `machine`; None where none waits or all slots are taken."""
        with self._database.read() as connection:
            if connection.execute(select(tasks.c.id).where(tasks.c.state == "CREATED").limit(1)).first() is None:
                return None
        with self._database.write() as connection:
            taken = connection.execute(
                select(func.count()).where(tasks.c.state == "RUNNING", tasks.c.claimed_by == machine)
            ).scalar_one()
            if taken >= slots:
                return None
            row = connection.execute(
                select(tasks.c.id, tasks.c.record)
                .where(tasks.c.state == "CREATED")
                .order_by(tasks.c.created, tasks.c.id)
                .limit(1)
            ).first()
            if row is None:
                return None
            old = TaskRecord.from_json(row.record)
            record = replace(old, state="RUNNING", attempt=old.attempt + 1, started_at=timestamp())
            claimed = connection.execute(
                update(tasks)
                .where(tasks.c.id == row.id, tasks.c.state == "CREATED")
                .values(**_row(record), claimed_by=machine, change=_change(connection))
            )
            if claimed.rowcount != 1:
                return None  # another server was faster
            records.save(self._settings, record)
        return record

    def change(self, task_id: str, states: Collection[str], **changes: Any) -> TaskRecord | None:
        """The record with these fields changed, if its state is one of `states`; else None. NotFound without a row."""
        with self._database.write() as connection:
            row = connection.execute(
                select(tasks.c.state, tasks.c.record).where(tasks.c.id == task_id).with_for_update()
            ).first()
            if row is None:
                raise NotFound("The task must exist", got=task_id, fix="Choose one from the list of trainings.")
            if row.state not in states:
                return None
            record = replace(TaskRecord.from_json(row.record), **changes)
            records.save(self._settings, record)
            connection.execute(
                update(tasks).where(tasks.c.id == task_id).values(**_row(record), change=_change(connection))
            )
        return record

    def touch(self, task_id: str) -> None:
        """Lets followers know that a task's progress has moved."""
        with self._database.write() as connection:
            connection.execute(update(tasks).where(tasks.c.id == task_id).values(change=_change(connection)))

    def running(self, machine: str) -> list[TaskRecord]:
        """The tasks that run on `machine`, in the order they came."""
        query = select(tasks.c.record).where(tasks.c.state == "RUNNING", tasks.c.claimed_by == machine)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(tasks.c.created, tasks.c.id)).all()
        return [TaskRecord.from_json(row.record) for row in rows]

    def get(self, task_id: str, access: Access = EVERYTHING) -> tuple[TaskRecord, int]:
        """A task and the number of its last change; NotFound where there is none that the user sees."""
        query = select(tasks.c.record, tasks.c.change).where(tasks.c.id == task_id, _seen(access))
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotFound("The task must exist", got=task_id, fix="Choose one from the list of trainings.")
        return TaskRecord.from_json(row.record), row.change

    def page(
        self,
        state: str | None,
        limit: int,
        after: str | None,
        access: Access = EVERYTHING,
        project: str | None = None,
    ) -> tuple[list[TaskRecord], str | None]:
        """Tasks that the user sees, of one project or all, newest first, and where the next page begins."""
        query = select(tasks.c.created, tasks.c.id, tasks.c.record).where(_seen(access, project))
        if state is not None:
            query = query.where(tasks.c.state == state)
        with self._database.read() as connection:
            rows, following = page(connection, query, (tasks.c.created, tasks.c.id), limit, after)
        return [TaskRecord.from_json(row.record) for row in rows], following

    def changed(self, after: int, limit: int, access: Access = EVERYTHING) -> list[tuple[TaskRecord, int]]:
        """The tasks that the user sees and that changed after a change number, in the order of their changes."""
        query = select(tasks.c.record, tasks.c.change).where(tasks.c.change > after, _seen(access))
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(tasks.c.change).limit(limit)).all()
        return [(TaskRecord.from_json(row.record), row.change) for row in rows]

    def last_change(self) -> int:
        """The newest change number."""
        with self._database.read() as connection:
            return connection.execute(select(counters.c.value).where(counters.c.name == COUNTER)).scalar() or 0

    def waiting(self) -> list[str]:
        """The ids of the waiting tasks, the next one first."""
        query = select(tasks.c.id).where(tasks.c.state == "CREATED").order_by(tasks.c.created, tasks.c.id)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def restore(self, records_on_disk: Collection[TaskRecord], machine: str) -> int:
        """Brings the rows in line with the files, which are right; returns how many rows changed.

        A home has one server, so whatever runs in it is now for `machine` to watch, also after it was renamed.
        """
        known = {record.id: record for record in records_on_disk}
        changed = 0
        with self._database.write() as connection:
            columns = select(tasks.c.id, tasks.c.record, tasks.c.claimed_by)
            rows = {row.id: row for row in connection.execute(columns)}
            for task_id in rows.keys() - known.keys():
                connection.execute(tasks.delete().where(tasks.c.id == task_id))
                changed += 1
            for task_id, record in known.items():
                row = rows.get(task_id)
                claimed_by = machine if record.state == "RUNNING" else None
                if row is not None and row.record == record.to_json() and claimed_by in {None, row.claimed_by}:
                    continue
                values = {**_row(record), "claimed_by": claimed_by, "change": _change(connection)}
                if row is not None:
                    connection.execute(update(tasks).where(tasks.c.id == task_id).values(**values))
                else:
                    connection.execute(insert(tasks).values(id=task_id, **values))
                changed += 1
        return changed


def _seen(access: Access, project: str | None = None) -> ColumnElement[bool]:
    return access.where(tasks.c.project, tasks.c.owner, project)


def _row(record: TaskRecord) -> dict[str, Any]:
    return {
        "state": record.state,
        "created": moments.milliseconds(record.created_at),
        "attempt": record.attempt,
        "stop_requested": record.stop_requested_at is not None,
        "project": record.project,
        "owner": record.owner,
        "record": record.to_json(),
    }


def _change(connection: Connection) -> int:
    """The next change number. Never less than the time, so that a database made anew goes on above the old one."""
    return next_value(connection, COUNTER, at_least=time.time_ns() // 1_000_000)
