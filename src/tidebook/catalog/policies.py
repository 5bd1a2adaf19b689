"""What projects keep and when it is cleaned up. Both live in the database only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from tidebook.catalog import moments
from tidebook.catalog.database import Database
from tidebook.catalog.tables import projects, retention_policies, retention_schedule
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.records.labels import check_project

HOUR = 3  #: when nobody said another
SILENT = 600_000  #: milliseconds after which whoever cleans up and gives no sign is taken for dead
_ONE = 1  # the id of the only row


@dataclass(frozen=True)
class Schedule:
    """When the server cleans up."""

    on: bool = False
    hour: int = HOUR  #: 0 to 23, in the zone of the server
    day: str | None = None  #: the last one that a cleanup began for
    last: Mapping[str, Any] | None = None  #: at, deleted, archived, bytes, failed


class Policies:
    """Rows of `retention_policies` and the one of `retention_schedule`. A policy is plain values here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[str, dict[str, Any]]:
        """The policies that were stored, by project."""
        with self._database.read() as connection:
            rows = connection.execute(select(retention_policies.c.project, retention_policies.c.policy))
            return {row.project: row.policy for row in rows}

    def put(self, project: str, policy: Mapping[str, Any], by: str | None) -> None:
        """Stores the policy of a project; NotFound where there is no such project."""
        values = {"policy": dict(policy), "changed": moments.now(), "changed_by": by}
        with self._database.write() as connection:
            named = connection.execute(select(projects.c.name).where(projects.c.name == check_project(project)))
            if named.first() is None:
                raise NotFound("The project must exist", got=project, fix="List the projects there are.")
            same = retention_policies.c.project == project
            if not connection.execute(update(retention_policies).where(same).values(values)).rowcount:
                connection.execute(insert(retention_policies).values(project=project, **values))

    def remove(self, project: str) -> None:
        """The project has the default policy again."""
        with self._database.write() as connection:
            connection.execute(delete(retention_policies).where(retention_policies.c.project == project))

    def schedule(self) -> Schedule:
        """When the server cleans up; off until somebody turned it on."""
        with self._database.read() as connection:
            row = connection.execute(select(retention_schedule)).first()
        return Schedule() if row is None else Schedule(row.is_on, row.hour, row.day, row.last)

    def set_schedule(self, *, on: bool, hour: int, done: str = "") -> Schedule:
        """Turns the cleanup on or off; where that changes anything, it is not done for the day `done` or before."""
        if not 0 <= hour <= 23:
            raise InvalidInput("hour must be 0 to 23", got=hour, fix="Use 3 for three in the morning.")
        with self._database.write() as connection:
            _make(connection)
            changed = or_(retention_schedule.c.is_on != on, retention_schedule.c.hour != hour)
            before = or_(retention_schedule.c.day.is_(None), retention_schedule.c.day < done)
            if done:
                connection.execute(update(retention_schedule).where(changed, before).values(day=done, seen=None))
            connection.execute(update(retention_schedule).values(is_on=on, hour=hour))
        return self.schedule()

    def claim(self, day: str) -> bool:
        """Whether the caller is to clean up for `day`: nobody has, or who began gave no sign for ten minutes."""
        began = and_(retention_schedule.c.day == day, retention_schedule.c.seen < moments.now() - SILENT)
        open_ = or_(retention_schedule.c.day.is_(None), retention_schedule.c.day < day, began)
        with self._database.write() as connection:
            claimed = connection.execute(
                update(retention_schedule).where(retention_schedule.c.is_on, open_).values(day=day, seen=moments.now())
            )
            return bool(claimed.rowcount)

    def beat(self) -> None:
        """Whoever cleans up gives a sign."""
        with self._database.write() as connection:
            connection.execute(update(retention_schedule).values(seen=moments.now()))

    def finish(self, last: Mapping[str, Any]) -> None:
        """The cleanup of the claimed day is done."""
        with self._database.write() as connection:
            _make(connection)
            connection.execute(update(retention_schedule).values(seen=None, last=dict(last)))


def _make(connection: Connection) -> None:
    if connection.execute(select(retention_schedule.c.id)).first() is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(retention_schedule).values(id=_ONE, is_on=False, hour=HOUR))
        except IntegrityError:
            pass  # Another server was quicker.
