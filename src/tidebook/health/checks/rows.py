"""The rows of the database against the files, which are right."""

from __future__ import annotations

from collections.abc import Iterator, Set
from functools import partial

from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from tidebook.catalog.database import Database, open_database
from tidebook.catalog.migrate import is_current
from tidebook.catalog.reindex import reindex
from tidebook.catalog.runs import Runs
from tidebook.catalog.tables import datasets as dataset_rows
from tidebook.catalog.tables import prediction_history
from tidebook.catalog.versions import Versions
from tidebook.core.errors import TidebookError
from tidebook.core.scope import Address
from tidebook.health.finding import Finding, Home
from tidebook.records import dataset, forecast
from tidebook.registry.item import address_of, read_item
from tidebook.runs.record import is_run

DATABASE = "tidebook.db"


def rows(home: Home) -> Iterator[Finding]:
    """A database that is damaged, rows without files and files without rows."""
    if home.settings.database_url is None and not (home.settings.home / DATABASE).exists():
        return  # Nobody has served this home yet.
    database = open_database(home.settings)
    try:
        yield from _rows(home, database)
    except DatabaseError as error:
        yield Finding("database_broken", DATABASE, str(error.orig)[:200])
    finally:
        database.close()


def _rows(home: Home, database: Database) -> Iterator[Finding]:
    if database.engine.dialect.name == "sqlite":
        with database.read() as connection:
            said = connection.execute(text("PRAGMA quick_check(5)")).scalars().all()
        if said != ["ok"]:
            yield Finding("database_broken", DATABASE, "; ".join(map(str, said))[:200])
            return
    if not is_current(database):
        return  # A server brings it up to date at its next start.
    again = partial(reindex_home, home)
    for kind, (held, known) in _pairs(home, database).items():
        for name in sorted(known - held):
            yield Finding("row_without_file", f"{kind} {name}", "", again)
        for name in sorted(held - known):
            yield Finding("file_without_row", f"{kind} {name}", "", again)


def reindex_home(home: Home) -> None:
    """Makes the derived rows again."""
    database = open_database(home.settings)
    try:
        reindex(database, home.settings)
    finally:
        database.close()


def _pairs(home: Home, database: Database) -> dict[str, tuple[Set[str], Set[str]]]:
    """What is there as files, and what has rows, by kind. What cannot be read is told elsewhere and has no row."""
    settings = home.settings
    with database.read() as connection:
        forecasts = set(connection.execute(select(prediction_history.c.id)).scalars())
        registered = set(connection.execute(select(dataset_rows.c.id)).scalars())
    runs = settings.out.iterdir() if settings.out.is_dir() else ()
    rows_of_versions = set(Versions(database).known())
    return {
        "version": (_versions(home, rows_of_versions), rows_of_versions),
        "run": (
            {path.name for path in runs if not path.name.startswith(".") and is_run(path)},
            {*Runs(database).known()},
        ),
        "forecast": (_forecasts(home, forecasts), forecasts),
        "dataset": ({record.id for record in dataset.all(settings)}, registered),
    }


def _versions(home: Home, known: Set[str]) -> set[str]:
    held = set()
    for prefix in home.store.trees():
        if address_of(prefix) is None:
            continue
        if prefix not in known:
            try:
                read_item(home.store, Address.parse(prefix))
            except (TidebookError, KeyError, TypeError, ValueError):
                continue
        held.add(prefix)
    return held


def _forecasts(home: Home, known: Set[str]) -> set[str]:
    held = set()
    for name in forecast.every(home.settings):
        if name not in known:
            try:
                forecast.summary(forecast.archived(home.settings, name) or forecast.load(home.settings, name))
            except (TidebookError, KeyError, TypeError):
                continue
        held.add(name)
    return held
