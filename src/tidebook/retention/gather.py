"""The facts of a plan, from the rows of the catalog and the files that they were made of."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Text, cast, select

from tidebook.catalog import moments
from tidebook.catalog.database import Database
from tidebook.catalog.tables import prediction_history, runs, tasks
from tidebook.catalog.version_tables import model_versions, version_aliases, version_items
from tidebook.core.settings import Settings
from tidebook.records.labels import NOWHERE
from tidebook.registry.item import address_of
from tidebook.registry.lineage import members
from tidebook.retention.facts import Facts, ForecastFact, RunFact, VersionFact

Sizes = Callable[[str], int | None]  #: the bytes of a run by its name; None where nobody has measured it


def gather(database: Database, settings: Settings, sizes: Sizes) -> Facts:
    """What is known now. Rows follow the files: whoever carries a plan out looks at those again."""
    with database.read() as connection:
        needed = needed_by_tasks(connection)
    versions, forecasts = list(_versions(database)), list(_forecasts(database, settings))
    return Facts(versions, forecasts, list(_runs(database, sizes)), needed)


def members_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Addresses of the versions that the version of a list item was made of."""
    return tuple(str(address) for name in members(item) if (address := address_of(name)) is not None)


def made_of(connection: Connection, since: int = 0) -> dict[str, tuple[str, ...]]:
    """The versions that are made of others, published at `since` or later, and of which."""
    held = cast(version_items.c.item, Text).contains('"members"')  # few are: the others need not be read
    query = (
        select(model_versions.c.address, version_items.c.item)
        .join(version_items, version_items.c.version == model_versions.c.n)
        .where(held)
    )
    if since:
        query = query.where(model_versions.c.published >= since)
    return {address: found for address, item in connection.execute(query) if (found := members_of(item))}


def needed_by_tasks(connection: Connection) -> dict[str, str]:
    """The versions that trainings which have not ended are to be made of, and the ids of these."""
    query = select(tasks.c.id, tasks.c.record).where(tasks.c.state.in_(("CREATED", "RUNNING")))
    return {
        address: task_id
        for task_id, record in connection.execute(query)
        for address in members_of(record.get("spec") or {})
    }


def _versions(database: Database) -> Iterator[VersionFact]:
    names = ("address", "line", "version", "project", "owner", "published", "bytes", "wape", "validated", "is_best")
    columns = [model_versions.c[name] for name in (*names, "pinned", "archived", "loadable")]
    with database.read() as connection:
        whole = made_of(connection)
        aliases: dict[str, tuple[str, ...]] = {}
        named = select(model_versions.c.address, version_aliases.c.alias).join(
            version_aliases, version_aliases.c.version == model_versions.c.n
        )
        for address, alias in connection.execute(named.order_by(version_aliases.c.alias)):
            aliases[address] = (*aliases.get(address, ()), alias)
        for row in connection.execute(select(*columns)):
            address, line, number, project, owner, published, size, wape, validated, *marks = row
            is_best, pinned, archived, loadable = marks
            yield VersionFact(
                address,
                line,
                number,
                project,
                owner,
                published,
                size,
                wape,
                validated or "",
                is_best,
                aliases.get(address, ()),
                pinned,
                archived,
                loadable,
                whole.get(address, ()),
            )


def _forecasts(database: Database, settings: Settings) -> Iterator[ForecastFact]:
    sizes = _sizes(settings.saved_predictions)
    columns = [prediction_history.c[name] for name in ("id", "model", "project", "owner", "created", "is_archived")]
    with database.read() as connection:
        for name, model, project, owner, created, is_archived in connection.execute(select(*columns)):
            size = sizes.get(f"{name}.json", 0)
            yield ForecastFact(name, model, project, owner, created, size, is_archived)


def _runs(database: Database, sizes: Sizes) -> Iterator[RunFact]:
    names = ("run_name", "project", "owner", "finished", "updated", "created", "status", "live", "pinned")
    with database.read() as connection:
        for row in connection.execute(select(*(runs.c[name] for name in names))):
            # A run without any time is as young as can be: nobody knows how old it is.
            ended = row.finished or row.updated or row.created or moments.now()
            yield RunFact(
                row.run_name,
                row.project or NOWHERE,
                row.owner,
                ended,
                row.status or "",
                sizes(row.run_name) or 0,
                row.live,
                row.pinned,
            )


def _sizes(folder: Path) -> dict[str, int]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat(follow_symlinks=False).st_size for entry in entries}
    except FileNotFoundError:
        return {}
