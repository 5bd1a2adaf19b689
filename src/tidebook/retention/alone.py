"""One cleanup at a time in a home, whoever begins it: a server, another one, a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tidebook.core.errors import Conflict
from tidebook.core.settings import Settings
from tidebook.store.workspace import workspace


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Conflict where another cleanup runs. One that was killed runs no more."""
    with ExitStack() as stack:
        try:
            stack.enter_context(workspace(settings.cache, "cleanup"))
        except Conflict as error:
            raise Conflict(
                "One cleanup at a time may run in a home", got="another one runs", fix="Wait for it to end."
            ) from error
        yield
