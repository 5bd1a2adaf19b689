"""A migrated database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tidebook.catalog.database import Database, open_database
from tidebook.catalog.migrate import migrate
from tidebook.core.settings import Settings
from tidebook.retention.keeper import Keeper


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The database of the test's home."""
    opened = open_database(settings)
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def keeper(database: Database, settings: Settings) -> Keeper:
    """Retention of the test's home."""
    return Keeper(database, settings)
