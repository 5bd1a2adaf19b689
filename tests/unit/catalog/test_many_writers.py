"""Many writers at once wait for each other; nobody finds the database locked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tidebook.catalog.credentials import Credentials
from tidebook.catalog.database import Database, open_database
from tidebook.catalog.projects import Projects
from tidebook.catalog.users import User, Users
from tidebook.core.settings import Settings

WRITERS, ROUNDS = 20, 15


def test_twenty_writers_at_once_all_get_their_turn(database: Database, settings: Settings) -> None:
    Users(database).create_administrator()
    own = [open_database(settings) for _ in range(WRITERS // 2)]
    engines = [*own, *[database] * (WRITERS // 2)]  # as many processes would, and as the threads of one server do
    failures: list[BaseException] = []
    longest = 0.0
    begin = threading.Barrier(WRITERS)

    def write(number: int, engine: Database) -> None:
        nonlocal longest
        begin.wait()
        user = Users(engine).add(f"user{number}")
        for turn in range(ROUNDS):
            started = time.monotonic()
            Projects(engine).add(f"p{number}-{turn}", user)
            token = Credentials(engine).create_token(user, "script")["token"]
            assert Credentials(engine).user_of_token(token) == user
            longest = max(longest, time.monotonic() - started)

    def guarded(number: int, engine: Database) -> None:
        try:
            write(number, engine)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test must tell
            failures.append(error)

    run([lambda n=n, e=e: guarded(n, e) for n, e in enumerate(engines)])  # type: ignore[misc]
    for engine in own:
        engine.close()
    assert failures == []
    administrator = User("admin", "Administrator", "administrator")
    assert len(Projects(database).all(administrator)) == 1 + WRITERS * ROUNDS
    assert longest < 15


def run(work: list[Callable[[], None]]) -> None:
    """All of it at the same time."""
    threads = [threading.Thread(target=each) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
