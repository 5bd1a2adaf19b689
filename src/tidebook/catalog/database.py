"""The connection to the database: SQLite in the home unless another one is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, case, create_engine, event, insert, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, OperationalError, StatementError

from tidebook.catalog.tables import counters
from tidebook.core.errors import InvalidInput
from tidebook.core.settings import Settings

BUSY_TIMEOUT = 30_000  #: milliseconds that a writer waits for another one
REFUSALS = (StatementError, OverflowError, TypeError, ValueError)  #: errors that may be those of a value, see `refused`


class Database:
    """Short transactions on one engine. Close it when done."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: SQLite takes the write lock at once, so it can wait but never fail half-way."""
        with self.engine.connect().execution_options(tidebook_writes=True) as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Closes every connection."""
        self.engine.dispose()


def open_database(settings: Settings) -> Database:
    """The database that the settings name, not yet migrated; InvalidInput for a URL that is none."""
    if settings.database_url is None:
        settings.home.mkdir(parents=True, exist_ok=True)
        url = make_url(f"sqlite:///{(settings.home / 'tidebook.db').absolute()}")
    else:
        try:
            url = make_url(settings.database_url)
        except ArgumentError as error:
            raise _bad_url("a text that is no URL") from error
    options: dict[str, Any] = {"pool_pre_ping": True}
    if url.get_backend_name() == "sqlite":
        options = {"connect_args": {"timeout": BUSY_TIMEOUT / 1000}}
    elif url.get_backend_name() == "mysql":
        options["isolation_level"] = "READ COMMITTED"
    try:
        engine = create_engine(
            url,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            **options,
        )
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise _bad_url(f"{url.drivername}, which needs a driver ({error})") from error
    if url.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return Database(engine)


def refused(error: Exception) -> bool:
    """Whether one of `REFUSALS` says that a value does not fit its column, rather than that the database is away."""
    return not isinstance(error, OperationalError | IntegrityError)


def next_value(connection: Connection, name: str, *, at_least: int = 1) -> int:
    """The next number of a counter, `at_least` that. Locks its row, so numbers are committed in order."""
    following = case((counters.c.value + 1 > at_least, counters.c.value + 1), else_=at_least)
    if connection.execute(update(counters).where(counters.c.name == name).values(value=following)).rowcount:
        return int(connection.execute(select(counters.c.value).where(counters.c.name == name)).scalar_one())
    connection.execute(insert(counters).values(name=name, value=at_least))
    return at_least


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # transactions begin where _begin_sqlite says, not where the driver guesses
    connection.create_function("lower", 1, lambda text: text and text.lower(), deterministic=True)  # not of ASCII alone
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("tidebook_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _bad_url(got: str) -> InvalidInput:
    return InvalidInput(
        "TIDEBOOK_DATABASE_URL must be a SQLAlchemy URL whose driver is installed",
        got=got,
        fix="Use for example postgresql+psycopg://user:password@host/tidebook (pip install 'tidebook[postgres]') "
        "or mysql+pymysql://user:password@host/tidebook?charset=utf8mb4 (pip install 'tidebook[mysql]').",
    )
