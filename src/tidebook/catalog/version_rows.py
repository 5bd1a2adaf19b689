"""Writing the rows of versions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, insert, select, true, update

from tidebook.catalog import moments
from tidebook.catalog.tables import counters
from tidebook.catalog.version_tables import (
    model_versions,
    version_aliases,
    version_items,
    version_metrics,
)
from tidebook.core.scope import Address
from tidebook.registry import bounds
from tidebook.registry.best import best_of
from tidebook.registry.scan import words

AT_ONCE = 500  #: values in one statement
BESIDE: tuple[Table, ...] = (version_items, version_metrics, version_aliases)
FOLLOWED = "version-changes"
MAX_METRIC = 100  #: characters of a name that a list can be filtered by


def put(
    connection: Connection, gone: Sequence[str], items: Sequence[Mapping[str, Any]], stamps: Mapping[str, str]
) -> None:
    """Removes the rows of `gone`, adds or replaces those of list items, and finds the best of each line anew."""
    rows = [_row(item, stamps.get(str(item["address"]), "")) for item in items]
    lines = {Address.parse(address).folder for address in gone} | {str(row["line"]) for row in rows}
    for some in portions([*gone, *(str(row["address"]) for row in rows)]):
        numbered = select(model_versions.c.n).where(model_versions.c.address.in_(some))
        numbers = list(connection.execute(numbered).scalars())
        for table in BESIDE:
            connection.execute(delete(table).where(table.c.version.in_(numbers)))
        connection.execute(delete(model_versions).where(model_versions.c.n.in_(numbers)))
    if rows:
        connection.execute(insert(model_versions), rows)
        _insert_beside(connection, {str(item["address"]): item for item in items})
    best = best_of_lines(connection, lines, true())
    for some in portions(sorted(lines)):
        of_lines = model_versions.c.line.in_(some)
        connection.execute(update(model_versions).where(of_lines, model_versions.c.is_best).values(is_best=False))
    for some in portions(sorted(best)):
        connection.execute(update(model_versions).where(model_versions.c.address.in_(some)).values(is_best=True))


def best_of_lines(connection: Connection, lines: Collection[str], seen: ColumnElement[bool]) -> set[str]:
    """The address of the best version of each line among the rows that `seen` holds for."""
    columns = [model_versions.c[name] for name in ("line", "address", "version", "wape", "validated", "loadable")]
    found: dict[str, list[dict[str, Any]]] = {}
    for some in portions(sorted(lines)):
        for row in connection.execute(select(*columns).where(and_(model_versions.c.line.in_(some), seen))):
            validation = None if row.wape is None else {"wape": row.wape, "end": row.validated}
            item = {"address": row.address, "version": f"v{row.version}", "validation": validation}
            item["problem"] = not row.loadable
            found.setdefault(row.line, []).append(item)
    return {str(best["address"]) for best in map(best_of, found.values()) if best}


def followed(connection: Connection) -> int:
    """The number of the newest change of the store that the rows follow."""
    found = connection.execute(select(counters.c.value).where(counters.c.name == FOLLOWED)).scalar()
    return found or 0


def follow(connection: Connection, number: int) -> None:
    """Remembers that number."""
    connection.execute(delete(counters).where(counters.c.name == FOLLOWED))
    connection.execute(insert(counters).values(name=FOLLOWED, value=number))


def distrust(connection: Connection) -> None:
    """Gives all rows a stamp that no files have."""
    connection.execute(update(model_versions).values(stamp="?"))


def portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """The values in parts that fit a statement."""
    for start in range(0, len(values), AT_ONCE):
        yield values[start : start + AT_ONCE]


def _insert_beside(connection: Connection, items: Mapping[str, Mapping[str, Any]]) -> None:
    numbers: dict[str, int] = {}
    for some in portions(list(items)):
        query = select(model_versions.c.address, model_versions.c.n).where(model_versions.c.address.in_(some))
        numbers |= {row.address: row.n for row in connection.execute(query)}
    numbered = [(numbers[address], item) for address, item in items.items()]
    beside: dict[Table, list[dict[str, Any]]] = {
        version_items: [{"version": n, "item": dict(item)} for n, item in numbered],
        version_metrics: [
            {"version": n, "name": name, "value": value}
            for n, item in numbered
            for name in item["metrics"]
            if len(name) <= MAX_METRIC and name.isprintable() and (value := bounds.number(item, name)) is not None
        ],
        version_aliases: [{"version": n, "alias": alias} for n, item in numbered for alias in item["aliases"]],
    }
    for table, rows in beside.items():
        if rows:
            connection.execute(insert(table), rows)


def _row(item: Mapping[str, Any], stamp: str) -> dict[str, Any]:
    address = Address.parse(str(item["address"]))
    validation = item["validation"] or {}
    wape = bounds.number({"metrics": validation}, "wape")
    return {
        "address": str(address),
        "line": address.folder,
        "mode": address.mode,
        "scope": address.scope,
        "aggregation": address.aggregation,
        "model_type": address.model_type,
        "version": address.version,
        "published": moments.milliseconds(item.get("timestamp")),
        "is_best": False,
        "project": item["project"],
        "owner": item["owner"],
        "pinned": item["pinned"],
        "archived": item["archived"] is not None,
        "bytes": item["size_bytes"],
        "wape": wape,
        "validated": None if wape is None else str(validation.get("end") or "")[:40],
        "loadable": item["problem"] is None,
        "stamp": stamp,
        "words": words(item),
    }
