"""A database as an older Tidebook left it."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from tidebook.catalog import migrate as module
from tidebook.catalog.database import Database, open_database
from tidebook.core.settings import Settings


def database_at(settings: Settings, revision: str) -> Database:
    """The database of a home, empty, at a revision."""
    database = open_database(settings)
    config = Config()
    config.set_main_option("script_location", str(Path(module.__file__).parent / "migrations"))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return database
