"""The application in this process, with people who are logged in."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient, WebSocketTestSession

from tidebook.catalog.users import User
from tidebook.core.settings import Settings
from tidebook.server.app import create_app
from tidebook.server.services import Services


@dataclass
class Running:
    """A running application."""

    client: TestClient  #: nobody is logged in
    services: Services

    def user(self, user_id: str = "admin") -> User:
        """A user, added if there is none of this id yet."""
        known = {user["id"]: User(user["id"], user["name"], user["role"]) for user in self.services.users.all()}
        return known[user_id] if user_id in known else self.services.users.add(user_id)

    def headers(self, user_id: str = "admin") -> dict[str, str]:
        """Those that log a user in."""
        token = self.services.credentials.create_token(self.user(user_id), "test")["token"]
        return {"Authorization": f"Bearer {token}"}

    def login(self, user_id: str = "admin") -> TestClient:
        """A client of a user."""
        return TestClient(self.client.app, base_url="http://127.0.0.1", headers=self.headers(user_id))

    @contextmanager
    def live(self, user_id: str = "admin", query: str = "") -> Iterator[WebSocketTestSession]:
        """A WebSocket of a user."""
        opening = self.client.websocket_connect(f"ws://127.0.0.1/api/live{query}", headers=self.headers(user_id))
        with suppress(CancelledError), opening as socket:  # raised where the application is about to send at the end
            yield socket


@pytest.fixture
def running(settings: Settings) -> Iterator[Running]:
    """The application of the test's home."""
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield Running(client, client.app.state.services)  # type: ignore[attr-defined]


@pytest.fixture
def client(running: Running) -> TestClient:
    """An administrator's client."""
    return running.login()
