"""Logins, sessions and tokens."""

from __future__ import annotations

import pytest

from tidebook.catalog import credentials as module
from tidebook.catalog import moments
from tidebook.catalog.credentials import Credentials
from tidebook.catalog.database import Database
from tidebook.catalog.users import ADMINISTRATOR, Users
from tidebook.core.errors import NotFound
from tidebook.core.settings import Settings


@pytest.fixture
def credentials(database: Database) -> Credentials:
    """With the administrator."""
    Users(database).create_administrator()
    return Credentials(database)


def test_a_login_token_opens_one_session_only(credentials: Credentials) -> None:
    token = credentials.create_login(ADMINISTRATOR)
    secret = credentials.begin_session(token)
    assert secret is not None
    user = credentials.user_of_session(secret)
    assert user is not None
    assert (user.id, user.role) == ("admin", "administrator")
    assert credentials.begin_session(token) is None


def test_a_new_login_token_makes_the_older_one_void(credentials: Credentials) -> None:
    old, new = credentials.create_login(ADMINISTRATOR), credentials.create_login(ADMINISTRATOR)
    assert credentials.begin_session(old) is None
    assert credentials.begin_session(new) is not None


def test_logins_and_sessions_end_with_time(credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    late, secret = (
        credentials.create_login(ADMINISTRATOR),
        credentials.begin_session(credentials.create_login(ADMINISTRATOR)),
    )
    assert secret is not None
    now = moments.now()
    monkeypatch.setattr(moments, "now", lambda: now + module.SESSION_LIFE + 1000)
    assert credentials.user_of_session(secret) is None
    assert credentials.begin_session(late) is None


def test_a_token_works_until_it_is_revoked_and_says_when_it_was_used(credentials: Credentials) -> None:
    user = credentials.user_of_session(str(credentials.begin_session(credentials.create_login(ADMINISTRATOR))))
    assert user is not None
    made = credentials.create_token(user, "script")
    assert credentials.tokens(user)[0]["last_used_at"] is None
    assert credentials.user_of_token(made["token"]) == user
    assert credentials.tokens(user)[0]["last_used_at"] is not None
    credentials.delete_token(user, made["id"])
    assert credentials.user_of_token(made["token"]) is None
    with pytest.raises(NotFound, match="The token must exist"):
        credentials.delete_token(user, made["id"])


def test_no_secret_stands_in_the_database(credentials: Credentials, settings: Settings) -> None:
    login = credentials.create_login(ADMINISTRATOR)
    secret = credentials.begin_session(credentials.create_login(ADMINISTRATOR))
    user = credentials.user_of_session(str(secret))
    assert user is not None
    token = credentials.create_token(user, "script")["token"]
    content = b"".join(file.read_bytes() for file in settings.home.glob("tidebook.db*"))
    assert not any(str(value).encode() in content for value in (login, secret, token))
