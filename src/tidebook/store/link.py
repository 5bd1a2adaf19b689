"""Requests to a server that are made again while it cannot answer."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from tidebook.core.errors import TidebookError
from tidebook.sdk.backoff import Backoff
from tidebook.sdk.client import Away, Client

PATIENCE = 60.0  #: seconds without success after which a request is given up
CONNECTIONS = 100  #: at once

Params = Mapping[str, str | int | float]
_T = TypeVar("_T")


class Attempts:
    """Waits between attempts at one thing, until patience ends."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self.progressed()

    def progressed(self) -> None:
        """Something was achieved: patience begins again."""
        self._backoff, self._deadline = Backoff(), time.monotonic() + self._patience

    def failed(self, error: Away) -> None:
        """Waits for the next attempt; raises `error`, or what the server said, where there is to be none."""
        problem = error.details.get("problem")
        if isinstance(problem, dict) and problem.get("status") == 507:  # Waiting gives a disk no room.
            raise TidebookError.from_problem(problem) from error
        told = error.details.get("retry_after")
        wait = self._backoff.next(told if isinstance(told, float) else None)
        if time.monotonic() + wait > self._deadline:
            raise error
        time.sleep(wait)


class Link:
    """One server. Any number of threads may use it at once."""

    def __init__(self, server: str, token: str, patience: float = PATIENCE) -> None:
        self.client = Client(server, token)
        self.server = self.client.server
        weakref.finalize(self, self.client.close)
        self._patience = patience

    def attempts(self) -> Attempts:
        """For something that takes several requests."""
        return Attempts(self._patience)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        json: Any = None,
        content: Callable[[], Iterable[bytes]] | None = None,
        size: int = 0,
        needs: Collection[str] = (),
    ) -> Any:
        """As `Client.call`, made again while the server is away; `content` begins anew each time."""

        def once() -> Any:
            body = None if content is None else content()
            return self.client.call(method, path, params=params, json=json, content=body, size=size, needs=needs)

        return self.repeated(once)

    def repeated(self, once: Callable[[], _T]) -> _T:
        """What `once` returns, called again while the server is away."""
        attempts = self.attempts()
        while True:
            try:
                return once()
            except Away as error:
                attempts.failed(error)
