"""Logins, sessions in browsers and tokens for programs. Only digests of secrets are kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from sqlalchemy import delete, insert, select, update

from tidebook.catalog import moments
from tidebook.catalog.database import Database
from tidebook.catalog.tables import login_tokens, sessions, tokens, users
from tidebook.catalog.users import User, check_active, is_active
from tidebook.core.errors import NotFound
from tidebook.core.ids import new_id

DAY = 24 * 3600 * 1000
SESSION_LIFE = 30 * DAY
LOGIN_LIFE = DAY


class Credentials:
    """Who may come in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_login(self, user_id: str) -> str:
        """A token that opens one session of the user; earlier ones that nobody used no longer do."""
        token = secrets.token_urlsafe(32)
        with self._database.write() as connection:
            check_active(connection, user_id)
            connection.execute(delete(login_tokens).where(login_tokens.c.user_id == user_id))
            connection.execute(
                insert(login_tokens).values(digest=_digest(token), user_id=user_id, expires=moments.now() + LOGIN_LIFE)
            )
        return token

    def begin_session(self, login_token: str) -> str | None:
        """The secret of a new session for a login token, which is used up by that; None where it does not hold."""
        secret = secrets.token_urlsafe(32)
        with self._database.write() as connection:
            where = (login_tokens.c.digest == _digest(login_token), login_tokens.c.expires > moments.now())
            user_id = connection.execute(select(login_tokens.c.user_id).where(*where)).scalar()
            if user_id is None or connection.execute(delete(login_tokens).where(*where)).rowcount != 1:
                return None
            connection.execute(delete(sessions).where(sessions.c.expires <= moments.now()))
            connection.execute(
                insert(sessions).values(
                    digest=_digest(secret), user_id=user_id, created=moments.now(), expires=moments.now() + SESSION_LIFE
                )
            )
        return secret

    def end_session(self, secret: str) -> None:
        """From now on the session's cookie opens nothing."""
        with self._database.write() as connection:
            connection.execute(delete(sessions).where(sessions.c.digest == _digest(secret)))

    def user_of_session(self, secret: str) -> User | None:
        """Whose session it is; None where it has ended."""
        query = (
            select(users.c.id, users.c.name, users.c.role)
            .join(sessions, sessions.c.user_id == users.c.id)
            .where(sessions.c.digest == _digest(secret), sessions.c.expires > moments.now(), is_active())
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return User(*row) if row else None

    def user_of_token(self, secret: str) -> User | None:
        """Whose token it is; None where there is no such token."""
        query = (
            select(users.c.id, users.c.name, users.c.role, tokens.c.last_used)
            .join(tokens, tokens.c.user_id == users.c.id)
            .where(tokens.c.digest == _digest(secret), is_active())
        )
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        if moments.now() - (row.last_used or 0) > 60_000:
            with self._database.write() as connection:
                connection.execute(
                    update(tokens).where(tokens.c.digest == _digest(secret)).values(last_used=moments.now())
                )
        return User(row.id, row.name, row.role)

    def create_token(self, user: User, name: str) -> dict[str, Any]:
        """A new token for programs, with its secret."""
        token_id, secret, created = new_id("TOKN"), f"tide_{secrets.token_urlsafe(32)}", moments.now()
        with self._database.write() as connection:
            check_active(connection, user.id)
            connection.execute(
                insert(tokens).values(id=token_id, user_id=user.id, name=name, digest=_digest(secret), created=created)
            )
        return {
            "id": token_id,
            "name": name,
            "created_at": moments.text(created),
            "last_used_at": None,
            "token": secret,
        }

    def tokens(self, user: User) -> list[dict[str, Any]]:
        """The user's tokens, newest first, without their secrets."""
        query = (
            select(tokens.c.id, tokens.c.name, tokens.c.created, tokens.c.last_used)
            .where(tokens.c.user_id == user.id)
            .order_by(tokens.c.created.desc(), tokens.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            {
                "id": row.id,
                "name": row.name,
                "created_at": moments.text(row.created),
                "last_used_at": moments.text(row.last_used) if row.last_used else None,
            }
            for row in rows
        ]

    def delete_token(self, user: User, token_id: str) -> None:
        """Revokes a token of the user; NotFound where there is none with this id."""
        with self._database.write() as connection:
            gone = connection.execute(delete(tokens).where(tokens.c.id == token_id, tokens.c.user_id == user.id))
        if gone.rowcount == 0:
            raise NotFound("The token must exist", got=token_id, fix="List the tokens; it may be revoked already.")


def _digest(secret: str) -> str:
    # 256 random bits cannot be guessed from their digest, so no slow hash is needed.
    return hashlib.sha256(secret.encode()).hexdigest()
