"""The database of the home, for commands that work on what only it knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidebook.catalog.database import Database
    from tidebook.catalog.users import User


@contextmanager
def opened() -> Iterator[Database]:
    """The migrated database, with its first administrator."""
    from tidebook.catalog.database import open_database
    from tidebook.catalog.migrate import migrate
    from tidebook.catalog.users import Users
    from tidebook.core.settings import Settings

    database = open_database(Settings())
    try:
        migrate(database)
        Users(database).create_administrator()
        yield database
    finally:
        database.close()


def acting(database: Database, user_id: str | None) -> User:
    """The user that a command acts for: the one named, else the first administrator, who may do everything."""
    from tidebook.catalog.users import User, Users

    users = Users(database)
    if user_id is None:
        return users.administrator()
    found = users.get(user_id)
    return User(found["id"], found["name"], found["role"])


def check_project(name: str) -> None:
    """NotFound for a project that nobody has added; a home that no server has ever used knows none, and takes all."""
    from tidebook.catalog.projects import Projects
    from tidebook.core.settings import Settings

    settings = Settings()
    if settings.database_url is None and not (settings.home / "tidebook.db").exists():
        return
    with opened() as database:
        Projects(database).access(acting(database, None)).check_write(name)
