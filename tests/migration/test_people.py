"""A database from before there were several users becomes one with projects."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.migration.revisions import database_at
from tidebook.catalog.credentials import Credentials
from tidebook.catalog.database import Database
from tidebook.catalog.migrate import migrate
from tidebook.catalog.projects import Projects
from tidebook.catalog.users import Users
from tidebook.core.settings import Settings

SECRET = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  #: sha256 of "secret"


@pytest.fixture
def old(settings: Settings) -> Database:
    """A database at the first revision, with the administrator, a token and a task."""
    database = database_at(settings, "0001")
    with database.write() as connection:
        connection.execute(text("INSERT INTO users VALUES ('admin', 'Administrator', 'administrator', 1)"))
        connection.execute(
            text("INSERT INTO tokens VALUES ('TOKN', 'admin', 'x', :digest, 1, NULL)"), {"digest": SECRET}
        )
        connection.execute(text("INSERT INTO tasks VALUES ('TRAI', 'SUCCESS', 1, 1, NULL, 0, 1, '{}')"))
        connection.execute(text("INSERT INTO datasets VALUES ('DSET', 1, 'x', 1, '{}')"))
    return database


def test_who_had_a_token_still_comes_in_and_lists_are_made_again_from_the_files(old: Database) -> None:
    migrate(old)
    Users(old).create_administrator()
    user = Credentials(old).user_of_token("secret")
    assert user is not None
    assert (user.id, user.role) == ("admin", "administrator")
    assert [user["id"] for user in Users(old).all()] == ["admin"]
    assert [(each["name"], each["role"]) for each in Projects(old).all(user)] == [("default", "administrator")]
    with old.read() as connection:
        for table in ("tasks", "datasets", "model_versions", "prediction_history"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0  # noqa: S608 - fixed names
    old.close()
