"""Brings the database to the newest schema when a server starts."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import MetaData, Table, inspect, select
from sqlalchemy.exc import DatabaseError

from tidebook.catalog.database import Database
from tidebook.catalog.migrations import HEAD
from tidebook.core.errors import Conflict, StorageFailure

_FOLDER = Path(__file__).parent / "migrations"


def migrate(database: Database) -> None:
    """Applies the revisions that the database lacks. Conflict where a newer Tidebook has written it."""
    try:
        at = _revision(database)
    except DatabaseError as error:
        raise StorageFailure(
            "The database must be readable",
            got=str(error.orig),
            fix="Restore it from a backup, or move tidebook.db away: the lists are made again from the files.",
        ) from error
    if at == HEAD:
        return  # the usual start; Alembic takes time to import
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, HEAD)
        except CommandError as error:
            raise Conflict(
                "The database must not be newer than this Tidebook",
                got=f"revision {at}, while this Tidebook knows up to {HEAD}",
                fix="Install the newer Tidebook again, or use another TIDEBOOK_HOME.",
            ) from error


def is_current(database: Database) -> bool:
    """Whether the database has the newest schema."""
    return _revision(database) == HEAD


def _revision(database: Database) -> str | None:
    with database.read() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        table = Table("alembic_version", MetaData(), autoload_with=connection)
        return connection.execute(select(table.c.version_num)).scalar()
