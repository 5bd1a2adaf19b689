"""The database and its revisions."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select, text, update

from tidebook.catalog import migrate as module
from tidebook.catalog.database import Database, next_value, open_database
from tidebook.catalog.migrate import migrate
from tidebook.catalog.migrations import HEAD
from tidebook.catalog.tables import counters, metadata
from tidebook.core.errors import Conflict, InvalidInput, StorageFailure
from tidebook.core.settings import Settings


def test_the_revisions_lead_to_the_tables_as_the_code_has_them(database: Database) -> None:
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata) == []


def test_the_newest_revision_is_the_one_that_the_code_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(module.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_second_migration_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(counters).values(name="kept", value=7))
    migrate(database)
    with database.read() as connection:
        assert connection.execute(select(counters.c.value)).scalar() == 7


def test_a_database_of_a_newer_release_is_refused(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Conflict, match="must not be newer than this Tidebook, but got revision 9999"):
        migrate(database)


def test_sqlite_waits_for_writers_and_checks_references(database: Database) -> None:
    with database.read() as connection:
        pragma = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "busy_timeout", "foreign_keys")
        }
    assert pragma == {"journal_mode": "wal", "busy_timeout": 30_000, "foreign_keys": 1}


def test_writers_that_read_first_never_find_the_database_locked(database: Database, settings: Settings) -> None:
    def count_up(own: Database) -> None:
        for _ in range(25):
            with own.write() as connection:
                value = connection.execute(select(counters.c.value).where(counters.c.name == "x")).scalar_one()
                connection.execute(update(counters).where(counters.c.name == "x").values(value=value + 1))

    with database.write() as connection:
        connection.execute(insert(counters).values(name="x", value=0))
    others = [open_database(settings) for _ in range(4)]
    threads = [threading.Thread(target=count_up, args=(other,)) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    with database.read() as connection:
        assert connection.execute(select(counters.c.value).where(counters.c.name == "x")).scalar() == 100


def test_a_counter_goes_up_and_never_below_what_it_is_told(database: Database) -> None:
    with database.write() as connection:
        assert [next_value(connection, "n", at_least=least) for least in (5, 1, 1, 100, 3)] == [5, 6, 7, 100, 101]


@pytest.mark.parametrize("url", ["nonsense", "oracle+nothing://x", "://"])
def test_a_url_that_cannot_be_used_is_told_so(settings: Settings, url: str) -> None:
    with pytest.raises(InvalidInput, match="TIDEBOOK_DATABASE_URL must be a SQLAlchemy URL"):
        open_database(settings.model_copy(update={"database_url": url}))


def test_a_database_that_is_no_database_is_said_in_words(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    (settings.home / "tidebook.db").write_bytes(b"not a database at all" * 100)
    database = open_database(settings)
    with pytest.raises(StorageFailure, match="The database must be readable"):
        migrate(database)
    database.close()
