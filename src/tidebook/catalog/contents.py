"""What lies in a project, counted over the rows of all kinds."""

from __future__ import annotations

from sqlalchemy import Connection, Table, func, select

from tidebook.catalog.access import Access
from tidebook.catalog.tables import datasets, prediction_history, runs, tasks
from tidebook.catalog.version_tables import model_versions

KINDS: dict[str, Table] = {
    "runs": runs,
    "versions": model_versions,
    "datasets": datasets,
    "forecasts": prediction_history,
}


def contents(connection: Connection, project: str) -> dict[str, int]:
    """How many things of each kind the project holds, and trainings that have not ended; kinds without any left out."""
    counts = {
        kind: connection.execute(select(func.count()).where(table.c.project == project)).scalar_one()
        for kind, table in KINDS.items()
    }
    open_tasks = (tasks.c.project == project, tasks.c.state.in_(("CREATED", "RUNNING")))
    counts["trainings"] = connection.execute(select(func.count()).where(*open_tasks)).scalar_one()
    return {kind: count for kind, count in counts.items() if count}


def owners(connection: Connection, project: str) -> set[str]:
    """Whose things name the project, ended trainings included; of what nobody owns the empty id."""
    found: set[str] = set()
    for table in (*KINDS.values(), tasks):
        query = select(table.c.owner).where(table.c.project == project).distinct()
        found |= {owner or "" for owner in connection.execute(query).scalars()}
    return found


def names_seen(connection: Connection, access: Access) -> dict[str, set[str]]:
    """The names of all things of each kind that a user sees."""
    names = {
        "runs": runs.c.run_name,
        "versions": model_versions.c.address,
        "datasets": datasets.c.id,
        "forecasts": prediction_history.c.id,
    }
    found: dict[str, set[str]] = {}
    for kind, table in KINDS.items():
        query = select(names[kind]).where(access.where(table.c.project, table.c.owner))
        found[kind] = set(connection.execute(query).scalars())
    return found
