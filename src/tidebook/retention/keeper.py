"""What a home keeps: its policies, the plan made from them, its carrying out."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Any

from tidebook.catalog import moments
from tidebook.catalog.database import Database
from tidebook.catalog.policies import Policies, Schedule
from tidebook.core.clock import now
from tidebook.core.errors import Conflict
from tidebook.core.settings import Settings
from tidebook.retention.alone import alone
from tidebook.retention.carry_out import GoesOn, Outcome, Worker
from tidebook.retention.freed import freed
from tidebook.retention.gather import Sizes, gather
from tidebook.retention.plan import Plan, plan
from tidebook.retention.policy import Policy
from tidebook.retention.progress import UnderWay
from tidebook.store import open_store

QUICK = 0.2  #: seconds within which a plan is made anew whenever somebody looks at it
SHARE = 5  #: one that took t seconds is shown for SHARE · t


class Keeper:
    """Retention of one home. Every method may be called from any thread."""

    def __init__(self, database: Database, settings: Settings, sizes: Sizes = lambda name: None) -> None:
        self.policies, self.under_way = Policies(database), UnderWay()
        self._database, self._settings, self._sizes = database, settings, sizes
        self._lock = threading.Lock()
        self._shown: Plan | None = None
        self._until = 0.0

    def policy(self, project: str) -> tuple[Policy, bool]:
        """The policy of a project, and whether somebody set it."""
        stored = self.policies.all().get(project)
        return (Policy(), False) if stored is None else (Policy.from_json(stored), True)

    def plan(self) -> Plan:
        """What would become of everything now."""
        stored = {project: Policy.from_json(value) for project, value in self.policies.all().items()}
        made = plan(stored, gather(self._database, self._settings, self._sizes), moments.now())
        sizes = {item.id: item.bytes for item in made.going if item.kind == "version"}
        return made.resized(freed(open_store(self._settings), sizes))

    def recent(self) -> Plan:
        """The plan to look at: in a large home, where it takes long to make, one of a moment ago will do."""
        with self._lock:
            if self._shown is None or time.monotonic() > self._until:
                began = time.monotonic()
                self._shown = self.plan()
                ended = time.monotonic()
                took = ended - began
                self._until = ended + SHARE * took if took > QUICK else began
            return self._shown

    def forget(self, *, stale: bool = False) -> None:
        """Forgets the plan that was looked at; with `stale` only where it is too old to be shown again."""
        with self._lock:
            if not stale or time.monotonic() > self._until:
                self._shown = None

    def run(
        self,
        *,
        project: str | None = None,
        digest: str | None = None,
        by: str | None = None,
    ) -> Outcome:
        """Makes the plan, of one project or all, and carries it out; `under_way` tells how far it is, and stops it.

        Conflict where `digest` is that of another plan, as something has changed since it was looked at, or where
        another cleanup runs.
        """
        with alone(self._settings), self.under_way.running():
            made = self.plan().of(project)
            if digest is not None and digest != made.digest:
                raise Conflict(
                    "The plan must be the one that was looked at",
                    got="another one: something has changed since",
                    fix="Look at it again.",
                )
            return self._carry_out(made, by, self.under_way.go_on)

    def carry_out(self, made: Plan, goes_on: GoesOn = lambda done, of: True) -> Outcome:
        """Carries a plan out; what may not go any more is spared. Conflict where another cleanup runs."""
        with alone(self._settings):
            return self._carry_out(made, None, goes_on)

    def _carry_out(self, made: Plan, by: str | None, goes_on: GoesOn) -> Outcome:
        try:
            return Worker(self._database, self._settings, by).carry_out(made, goes_on)
        finally:
            self.forget()

    def set_schedule(self, *, on: bool, hour: int, moment: datetime | None = None) -> Schedule:
        """Turns the daily cleanup on or off. Where its hour is past for today, it begins tomorrow."""
        moment = moment or now(self._settings.timezone)
        return self.policies.set_schedule(
            on=on, hour=hour, done=moment.date().isoformat() if moment.hour >= hour else ""
        )

    def last(self, outcome: Outcome, at: str) -> dict[str, Any]:
        """What the schedule keeps of a cleanup."""
        return {
            "at": at,
            "deleted": outcome.deleted,
            "archived": outcome.archived,
            "bytes": outcome.bytes,
            "failed": len(outcome.failed),
        }
