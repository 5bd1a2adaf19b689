"""Writing the rows of runs: many in one transaction, and of each only what differs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, tuple_, update

from tidebook.catalog import moments
from tidebook.catalog.database import next_value
from tidebook.catalog.run_rows import Held, Name, row, values
from tidebook.catalog.tables import counters, run_deletions, run_items, run_names, run_values, runs

CHANGES = "run-changes"
NUMBERS = "run-numbers"
KEPT_DELETIONS = 7 * 24 * 3600 * 1000  #: milliseconds that followers of the list can be away
AT_ONCE = 500  #: values in one statement


@dataclass(frozen=True)
class Seen:
    """What was found in a folder."""

    item: Mapping[str, Any]  #: as lists show it
    stamp: str  #: of the files that it was made of
    live: bool  #: whether a process may be writing it

    @property
    def name(self) -> str:
        """The run's name."""
        return str(self.item["run_name"])


def put(connection: Connection, found: Sequence[Seen]) -> None:
    """Adds or replaces the rows of runs (each once). Only what differs is written and counts as changed."""
    query = (
        select(runs.c.run_name, runs.c.n, run_items.c.item)
        .join(run_items, run_items.c.run == runs.c.n)
        .where(runs.c.run_name.in_([seen.name for seen in found]))
    )
    old = {name: (n, item) for name, n, item in connection.execute(query)}
    new = [seen for seen in found if seen.name not in old]
    other = [seen for seen in found if seen.name in old and old[seen.name][1] != seen.item]
    same = [seen for seen in found if seen.name in old and old[seen.name][1] == seen.item]
    if same:
        connection.execute(
            update(runs).where(runs.c.n == bindparam("n_")).values(stamp=bindparam("stamp_"), live=bindparam("live_")),
            [{"n_": old[seen.name][0], "stamp_": seen.stamp, "live_": seen.live} for seen in same],
        )
    if not new and not other:
        return
    moved = _moved(connection, [seen for seen in other if _belongs(old[seen.name][1]) != _belongs(seen.item)])
    change = _reserve(connection, CHANGES, len(moved) + len(new) + len(other), at_least=moments.now())
    if moved:
        rows = [{"change": change + place, **each} for place, each in enumerate(moved)]
        connection.execute(insert(run_deletions), rows)
        change += len(moved)
    _insert(connection, new, change)
    for place, seen in enumerate(other, start=len(new)):
        _replace(connection, *old[seen.name], seen, change + place)


def remove(connection: Connection, names: Iterable[str]) -> None:
    """Removes the rows of runs."""
    for name in names:
        found = connection.execute(
            select(runs.c.n, runs.c.project, runs.c.owner, run_items.c.item)
            .outerjoin(run_items, run_items.c.run == runs.c.n)
            .where(runs.c.run_name == name)
        ).first()
        if found is None:
            continue
        _drop_values(connection, found.n, values(found.item or {}))
        connection.execute(delete(run_items).where(run_items.c.run == found.n))
        connection.execute(delete(runs).where(runs.c.n == found.n))
        change = _reserve(connection, CHANGES, 1, at_least=moments.now())
        connection.execute(
            insert(run_deletions).values(change=change, run_name=name, project=found.project, owner=found.owner)
        )
    connection.execute(delete(run_deletions).where(run_deletions.c.change < moments.now() - KEPT_DELETIONS))


def _belongs(item: Mapping[str, Any]) -> tuple[Any, Any]:
    return item.get("project"), item.get("owner")


def _moved(connection: Connection, seen: Sequence[Seen]) -> list[dict[str, Any]]:
    """Runs that get another project or owner, as they were: to those who do not see them any more they are deleted."""
    names = [each.name for each in seen]
    query = select(runs.c.run_name, runs.c.project, runs.c.owner).where(runs.c.run_name.in_(names))
    return [dict(row._mapping) for row in connection.execute(query)] if names else []


def clear(connection: Connection) -> None:
    """Removes every row: they are derived, and are made again."""
    for table in (run_values, run_names, run_items, runs):
        connection.execute(delete(table))


def _insert(connection: Connection, found: Sequence[Seen], change: int) -> None:
    if not found:
        return
    first = _reserve(connection, NUMBERS, len(found))
    numbered = list(enumerate(found))
    connection.execute(
        insert(runs),
        [
            {
                "n": first + place,
                **row(seen.item),
                "live": seen.live,
                "stamp": seen.stamp,
                "change": change + place,
            }
            for place, seen in numbered
        ],
    )
    connection.execute(insert(run_items), [{"run": first + place, "item": dict(seen.item)} for place, seen in numbered])
    _add_values(connection, [(first + place, values(seen.item)) for place, seen in numbered])


def _replace(connection: Connection, n: int, before: Mapping[str, Any], seen: Seen, change: int) -> None:
    was, now = values(before), values(seen.item)
    _drop_values(connection, n, {name: held for name, held in was.items() if now.get(name) != held})
    _add_values(connection, [(n, {name: held for name, held in now.items() if was.get(name) != held})])
    connection.execute(update(run_items).where(run_items.c.run == n).values(item=dict(seen.item)))
    connection.execute(
        update(runs).where(runs.c.n == n).values(**row(seen.item), live=seen.live, stamp=seen.stamp, change=change)
    )


def _reserve(connection: Connection, counter: str, count: int, *, at_least: int = 1) -> int:
    """The first of `count` following numbers of a counter."""
    first = next_value(connection, counter, at_least=at_least)
    if count > 1:
        connection.execute(update(counters).where(counters.c.name == counter).values(value=first + count - 1))
    return first


def _add_values(connection: Connection, held: Sequence[tuple[int, Mapping[Name, Held]]]) -> None:
    ids = _new_ids(connection, {name for _, each in held for name in each})
    rows = [
        {"name": ids[name], "run": n, "number": number, "text": text}
        for n, each in held
        for name, (number, text) in each.items()
    ]
    if rows:
        rows.sort(key=lambda row: (row["name"], row["run"]))  # as they will lie
        connection.execute(insert(run_values), rows)


def _drop_values(connection: Connection, n: int, held: Mapping[Name, Held]) -> None:
    ids = _ids(connection, held.keys())
    if ids:
        connection.execute(
            delete(run_values).where(run_values.c.name == bindparam("name_"), run_values.c.run == bindparam("run_")),
            [{"name_": name, "run_": n} for name in ids.values()],
        )


def _new_ids(connection: Connection, names: Collection[Name]) -> dict[Name, int]:
    """The ids of names; those that are new get one."""
    known = _ids(connection, names)
    new = sorted(set(names) - known.keys())
    if new:
        connection.execute(insert(run_names), [{"kind": kind, "name": name} for kind, name in new])
        known |= _ids(connection, new)
    return known


def _ids(connection: Connection, names: Collection[Name]) -> dict[Name, int]:
    wanted, found = sorted(names), dict[Name, int]()
    for start in range(0, len(wanted), AT_ONCE):
        some = tuple_(run_names.c.kind, run_names.c.name).in_(wanted[start : start + AT_ONCE])
        found |= {(kind, name): id_ for id_, kind, name in connection.execute(select(run_names).where(some))}
    return found
