"""The list of runs: a row for each folder in out/, made of what its files say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exists, select

from tidebook.catalog import run_writing as writing
from tidebook.catalog.access import EVERYTHING, Access
from tidebook.catalog.database import Database
from tidebook.catalog.run_page import count, page
from tidebook.catalog.run_writing import AT_ONCE, CHANGES, Seen
from tidebook.catalog.tables import archived_things, counters, run_deletions, run_items, run_names, run_values, runs
from tidebook.core.errors import NotFound, nearest
from tidebook.runs.filters import parse, parse_sort
from tidebook.runs.filters.fields import GROUPS, Kind

MAX_NAMES = 2_000  #: of each kind that `fields` tells


@dataclass(frozen=True)
class Known:
    """What the database knows of a run, beside its item."""

    stamp: str
    live: bool


class Runs:
    """Rows of `runs` and the tables that hang on it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, where: str, sort: str | None, limit: int, after: str | None, access: Access = EVERYTHING
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Items that match a filter, sorted, and where the next page begins."""
        tree, order = parse(where), parse_sort(sort)
        with self._database.read() as connection:
            numbers, following = page(connection, tree, order, access, limit, after)
            return _items(connection, numbers), following

    def count(self, where: str, access: Access = EVERYTHING) -> int:
        """How many runs match a filter."""
        tree = parse(where)
        with self._database.read() as connection:
            return count(connection, tree, access)

    def get(self, run_name: str, access: Access = EVERYTHING) -> dict[str, Any]:
        """The item of a run; NotFound where there is none that the user sees."""
        with self._database.read() as connection:
            found = _find(connection, [run_name], access)
            if not found:
                raise _absent(connection, run_name, access)
        return found[run_name]

    def find(self, names: Collection[str], access: Access = EVERYTHING) -> dict[str, dict[str, Any]]:
        """The items of those of the runs that exist and that the user sees."""
        with self._database.read() as connection:
            return _find(connection, names, access)

    def fields(self, access: Access = EVERYTHING) -> dict[str, list[str]]:
        """The names of params, metrics and tags, the algorithms and the projects, of the runs that the user sees."""
        with self._database.read() as connection:
            named = {str(kind): _names_of_kind(connection, kind, access) for kind in GROUPS}
            seen = access.where(runs.c.project, runs.c.owner)
            valued = {
                plural: [
                    value
                    for value in connection.execute(select(column).where(seen).distinct().order_by(column)).scalars()
                    if value
                ]
                for plural, column in (("model_types", runs.c.model_type), ("projects", runs.c.project))
            }
        return {**named, **valued}

    def known(self) -> dict[str, Known]:
        """Stamp and liveness of every row, by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(runs.c.run_name, runs.c.stamp, runs.c.live))
            return {name: Known(stamp, live) for name, stamp, live in rows}

    def put(self, found: Sequence[Seen]) -> tuple[int, int]:
        """Adds or replaces the rows of runs (each once). Only what differs is written and counts as changed.

        Returns the newest change number before it and after it.
        """
        with self._database.write() as connection:
            before = _last_change(connection)
            writing.put(connection, found)
            return before, _last_change(connection)

    def remove(self, names: Iterable[str]) -> tuple[int, int]:
        """Removes the rows of runs whose folders are gone; returns what `put` does."""
        with self._database.write() as connection:
            before = _last_change(connection)
            writing.remove(connection, names)
            return before, _last_change(connection)

    def clear(self) -> None:
        """Removes every row: they are derived, and are made again."""
        with self._database.write() as connection:
            writing.clear(connection)

    def changes(self, after: int, limit: int, access: Access = EVERYTHING) -> tuple[list[dict[str, Any]], int]:
        """The runs that changed behind a change number, each as it is now, and the number to go on from.

        A run that was deleted, or that the user sees no more, is `{"run_name": …, "deleted": true}`.
        """
        seen = access.where(runs.c.project, runs.c.owner)
        gone = access.where(run_deletions.c.project, run_deletions.c.owner)
        there = exists(select(1).select_from(runs).where(runs.c.run_name == run_deletions.c.run_name, seen))
        with self._database.read() as connection:
            changed = connection.execute(
                select(runs.c.change, run_items.c.item)
                .join(run_items, run_items.c.run == runs.c.n)
                .where(runs.c.change > after, seen)
                .order_by(runs.c.change)
                .limit(limit)
            ).all()
            deleted = connection.execute(
                select(run_deletions.c.change, run_deletions.c.run_name)
                .where(run_deletions.c.change > after, gone, ~there)
                .order_by(run_deletions.c.change)
                .limit(limit)
            ).all()
        told = [(change, item) for change, item in changed]
        told += [(change, {"run_name": name, "deleted": True}) for change, name in deleted]
        told = sorted(told, key=lambda pair: pair[0])[:limit]
        return [item for _, item in told], told[-1][0] if told else after

    def change_of(self, run_name: str, access: Access) -> tuple[dict[str, Any], int, bool]:
        """A run, the number of its last change, and whether it is live; NotFound as in `get`."""
        with self._database.read() as connection:
            found = connection.execute(
                select(run_items.c.item, runs.c.change, runs.c.live)
                .join(run_items, run_items.c.run == runs.c.n)
                .where(runs.c.run_name == run_name, access.where(runs.c.project, runs.c.owner))
            ).first()
            if found is None:
                raise _absent(connection, run_name, access)
        return found.item, found.change, found.live

    def last_change(self) -> int:
        """The newest change number."""
        with self._database.read() as connection:
            return _last_change(connection)


def _items(connection: Connection, numbers: Sequence[int]) -> list[dict[str, Any]]:
    rows = connection.execute(select(run_items.c.run, run_items.c.item).where(run_items.c.run.in_(numbers)))
    items = {row.run: row.item for row in rows}
    return [items[n] for n in numbers if n in items]


def _find(connection: Connection, names: Collection[str], access: Access) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    wanted, seen = list(names), access.where(runs.c.project, runs.c.owner)
    for start in range(0, len(wanted), AT_ONCE):
        query = (
            select(runs.c.run_name, run_items.c.item)
            .join(run_items, run_items.c.run == runs.c.n)
            .where(runs.c.run_name.in_(wanted[start : start + AT_ONCE]), seen)
        )
        found |= {row.run_name: row.item for row in connection.execute(query)}
    return found


def _names_of_kind(connection: Connection, kind: Kind, access: Access) -> list[str]:
    seen = access.where(runs.c.project, runs.c.owner)
    own = run_values.c.name == run_names.c.id
    used = select(1).select_from(run_values).where(own)
    if not access.administrator:
        used = used.join(runs, runs.c.n == run_values.c.run).where(seen)
    query = select(run_names.c.name).where(run_names.c.kind == kind, exists(used)).order_by(run_names.c.name)
    return list(connection.execute(query.limit(MAX_NAMES)).scalars())


def _absent(connection: Connection, run_name: str, access: Access) -> NotFound:
    in_archive = (archived_things.c.kind == "run", archived_things.c.id == run_name)
    seen = access.where(archived_things.c.project, archived_things.c.owner)
    if connection.execute(select(archived_things.c.id).where(*in_archive, seen)).first() is not None:
        return shelved(run_name)
    newest = select(runs.c.run_name).where(access.where(runs.c.project, runs.c.owner)).order_by(runs.c.created.desc())
    known = connection.execute(newest.limit(1000)).scalars()
    return NotFound("The run must exist", got=run_name[:120], fix=nearest(run_name[:120], known))


def shelved(run_name: str) -> NotFound:
    """The answer for a run that is in the archive."""
    return NotFound(
        "The run must be here to be looked at",
        got=f"{run_name}, which is in the archive",
        fix=f"Bring it back with `tidebook archive restore {run_name}`, or on the page of the archive.",
    )


def _last_change(connection: Connection) -> int:
    return connection.execute(select(counters.c.value).where(counters.c.name == CHANGES)).scalar() or 0
