"""Carries a plan out, item by item: file first, row second. Before each item it looks again whether it may go."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tidebook.catalog.database import Database
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.runs import Runs
from tidebook.catalog.version_sync import VersionSync
from tidebook.catalog.versions import Versions
from tidebook.core.errors import Conflict, NotFound, StorageFailure, TidebookError
from tidebook.core.settings import Settings
from tidebook.records import forecast as forecast_records
from tidebook.records import labels
from tidebook.registry import ModelManager
from tidebook.registry.references import References
from tidebook.retention import unfinished
from tidebook.retention.forecasts import archive_forecast, delete_forecast
from tidebook.retention.gather import made_of, needed_by_tasks
from tidebook.retention.moving import archive_version
from tidebook.retention.plan import Item, Plan
from tidebook.retention.runs import archive_run, finish_run
from tidebook.runs.delete import delete_run
from tidebook.runs.record import is_run
from tidebook.store.archiving import archived

AT_ONCE = 100  #: rows of versions that are brought in line together
GLANCE = 1.0  #: seconds for which it is known whether the newest versions of a line are there
REASON = "retention"

GoesOn = Callable[[int, int], bool]  #: is told how many items are done, of how many; False where it is to stop


@dataclass
class Outcome:
    """What was done."""

    deleted: int = 0
    archived: int = 0
    bytes: int = 0  #: that are free now
    spared: int = 0  #: how many stay because of what happened since the plan was made
    left: int = 0  #: how many were not come to, as it was stopped or the archive or the disk is away
    failed: list[tuple[Item, TidebookError]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        failed = [{"kind": item.kind, "id": item.id, "problem": error.problem()} for item, error in self.failed]
        return {
            "deleted": self.deleted,
            "archived": self.archived,
            "bytes": self.bytes,
            "spared": self.spared,
            "left": self.left,
            "failed": failed,
        }


class _Spared(Exception):
    """It may not go any more."""


class Worker:
    """What carries plans out in one home."""

    def __init__(self, database: Database, settings: Settings, by: str | None = None) -> None:
        self._database, self._settings, self._by = database, settings, by
        self._versions, self._predictions = Versions(database), Predictions(database, settings)
        self._references = References(settings)
        self._models, self._runs = (
            ModelManager(settings, self._versions, referring=self._references.of),
            Runs(database),
        )
        self._better: dict[str, list[str]] = {}
        self._heads: dict[str, list[str]] = {}  # what versions are members of, by their addresses
        self._lost: dict[tuple[str, str], tuple[float, int]] = {}  # how many of the newest are gone, and when that was

    def carry_out(self, plan: Plan, goes_on: GoesOn = lambda done, of: True) -> Outcome:
        """Does what the plan says, forecasts first. What fails is told and stops nothing else.

        Where the archive or the disk is away, the rest of the items would fail alike: it ends there.
        """
        outcome, going = Outcome(), plan.going
        self._better.clear()
        self._lost.clear()
        for address in plan.best:
            self._better.setdefault(address.rpartition("/")[0], []).append(address)
        changed: list[str] = []
        unfinished.finish(self._settings, self._models)
        if going:
            self._heads = self._heads_now()
            unfinished.begin(self._settings, going)
        try:
            for done, item in enumerate(going):
                if not goes_on(done, len(going)):
                    outcome.left = len(going) - done
                    break
                try:
                    self._one(plan, item, changed)
                except (_Spared, NotFound, Conflict):
                    outcome.spared += 1
                except StorageFailure as error:
                    outcome.failed.append((item, error))
                    outcome.left = len(going) - done - 1
                    break
                except TidebookError as error:
                    outcome.failed.append((item, error))
                else:
                    outcome.bytes += item.bytes
                    outcome.archived += item.action == "archive"
                    outcome.deleted += item.action == "delete"
                if len(changed) >= AT_ONCE:
                    self._rows(changed)
        finally:
            self._rows(changed)
        unfinished.end(self._settings)
        return outcome

    def _one(self, plan: Plan, item: Item, changed: list[str]) -> None:
        match item.kind:
            case "forecast":
                self._forecast(item)
            case "version":
                self._version(plan, item, changed)
            case "run":
                self._run(item)

    def _forecast(self, item: Item) -> None:
        if not forecast_records.path(self._settings, item.id).is_file():
            self._predictions.refresh(item.id)
            raise _Spared
        if item.action == "archive":
            archive_forecast(self._settings, item.id, by=self._by)
            self._predictions.refresh(item.id)
        else:
            delete_forecast(self._settings, item.id)
            self._predictions.remove(item.id)

    def _version(self, plan: Plan, item: Item, changed: list[str]) -> None:
        changed.append(item.id)
        now = self._models.item(item.id)  # from the files, which are right
        if now["project"] != item.project or now["aliases"] or now["pinned"] or now.get("archived"):
            raise _Spared
        if self._is_held(item) or self._references.count(item.id, here=item.action == "archive"):
            raise _Spared
        if (
            not self._best_is_there(item.id)
            or self._is_among_newest(plan, item)
            or item.id in self._newer_members(plan.made)
        ):
            raise _Spared
        if item.action == "archive":
            archive_version(self._settings, self._models.store, item.id, by=self._by)
        else:
            self._models.delete(item.id, REASON, by=self._by)

    def _run(self, item: Item) -> None:
        folder = self._settings.out / item.id
        if finish_run(self._settings, item.id) or not is_run(folder):
            self._runs.remove([item.id])
            raise _Spared
        marked = labels.read(folder)
        if marked.pinned or marked.project != item.project:
            raise _Spared
        if item.action == "archive":
            archive_run(self._settings, item.id, by=self._by)
        else:
            delete_run(folder, REASON)
        self._runs.remove([item.id])

    def _heads_now(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        with self._database.read() as connection:
            for head, members in made_of(connection).items():
                for member in members:
                    found.setdefault(member, []).append(head)
        return found

    def _is_held(self, item: Item) -> bool:
        """Whether the version is a member of one that stands; of one in the archive only where it would be deleted."""
        return any(
            self._is_there(head) and (item.action == "delete" or archived(self._models.store, head) is None)
            for head in self._heads.get(item.id, ())
            if head != item.id
        )

    def _best_is_there(self, address: str) -> bool:
        """Whether those are still there that were better; else this one may be the best now."""
        line = address.rpartition("/")[0]
        return all(map(self._is_there, self._better.get(line, ())))

    def _is_among_newest(self, plan: Plan, item: Item) -> bool:
        """Whether so many newer ones are gone that the version is among the newest, which stay."""
        newest, rank = item.values.get("newest"), item.values.get("rank")
        if newest is None or rank is None:
            return False
        place = (item.id.rpartition("/")[0], item.project)
        looked, lost = self._lost.get(place, (-math.inf, 0))
        if time.monotonic() - looked > GLANCE:
            lost = sum(not self._is_there(address) for address in plan.newest.get(place, ()))
            self._lost[place] = (time.monotonic(), lost)
        return bool(rank - lost <= newest)

    def _is_there(self, address: str) -> bool:
        try:
            self._models.store.manifest(address)
        except NotFound:
            return False
        return True

    def _newer_members(self, since: int) -> set[str]:
        """The members of versions that were published since the plan was made, and of those that are being trained."""
        with self._database.read() as connection:
            newer = {member for members in made_of(connection, since).values() for member in members}
            return newer | needed_by_tasks(connection).keys()

    def _rows(self, changed: list[str]) -> None:
        """Brings the rows of versions in line with their files."""
        if changed:
            VersionSync(self._models.store, self._versions).refresh(changed)
        changed.clear()
