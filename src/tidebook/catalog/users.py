"""The people who may come in. A user who is removed keeps the name, and the id is not given again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from tidebook.catalog import moments
from tidebook.catalog.database import Database
from tidebook.catalog.tables import login_tokens, project_members, sessions, tokens, users
from tidebook.core.errors import Conflict, InvalidInput, NotFound, nearest

Role = Literal["administrator", "member"]
ROLES: tuple[Role, ...] = get_args(Role)
ADMINISTRATOR = "admin"  #: the id of the first user
MAX_NAME = 200

_ID = re.compile(r"[a-z0-9_-]{1,32}")


@dataclass(frozen=True)
class User:
    """A person who may come in."""

    id: str  #: 1 to 32 of a-z, 0-9, - and _
    name: str  #: to show
    role: str  #: administrator or member

    def to_json(self) -> dict[str, str]:
        """Plain values."""
        return {"id": self.id, "name": self.name, "role": self.role}


def is_active() -> ColumnElement[bool]:
    """The users who may come in."""
    return users.c.disabled.is_(None) & users.c.removed.is_(None)


class Users:
    """Rows of `users`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_administrator(self) -> None:
        """Makes the first user, where there is none."""
        with self._database.read() as connection:
            if connection.execute(select(users.c.id).limit(1)).first() is not None:
                return
        with self._database.write() as connection:
            if connection.execute(select(users.c.id).limit(1)).first() is None:
                connection.execute(insert(users).values(_row(ADMINISTRATOR, "Administrator", "administrator")))

    def administrator(self) -> User:
        """The administrator who has been here longest; there always is one."""
        query = select(users.c.id, users.c.name, users.c.role).where(is_active(), users.c.role == "administrator")
        with self._database.read() as connection:
            return User(*connection.execute(query.order_by(users.c.created, users.c.id).limit(1)).one())

    def all(self) -> list[dict[str, Any]]:
        """Everybody there is or was, in the order of their ids: those who are gone are shown beside what they own."""
        with self._database.read() as connection:
            rows = connection.execute(select(users).order_by(users.c.id)).all()
        return [_shown(row) for row in rows]

    def get(self, user_id: str) -> dict[str, Any]:
        """A user who was not removed; NotFound where there is none."""
        with self._database.read() as connection:
            return _shown(_find(connection, user_id))

    def add(self, user_id: str, name: str = "", role: str = "member") -> User:
        """A new user. InvalidInput for an id that cannot be, Conflict for one that somebody has or had."""
        user = User(check_user(user_id), _name(name or user_id), _role(role))
        with self._database.write() as connection:
            row = connection.execute(select(users.c.removed).where(users.c.id == user_id)).first()
            if row is not None:
                raise Conflict(
                    "The id of a user must be one that nobody has or had",
                    got=user_id if row.removed is None else f"{user_id}, who was removed and still owns things",
                    fix="Choose another.",
                )
            connection.execute(insert(users).values(_row(user.id, user.name, user.role)))
        return user

    def change(
        self, user_id: str, *, name: str | None = None, role: str | None = None, disabled: bool | None = None
    ) -> dict[str, Any]:
        """Changes what is given. Who is disabled is out at once, with all sessions and tokens, until enabled again.

        NotFound where there is no such user, Conflict where no administrator would be left.
        """
        values: dict[str, Any] = {}
        if name is not None:
            values["name"] = _name(name)
        if role is not None:
            values["role"] = _role(role)
        if disabled is not None:
            values["disabled"] = moments.now() if disabled else None
        with self._database.write() as connection:
            _lock_administrators(connection)
            before = _find(connection, user_id)
            if values:
                connection.execute(update(users).where(users.c.id == user_id).values(values))
            if disabled:
                _shut_out(connection, user_id)
            if before.role == "administrator":
                _check_administrator(connection, user_id)
            return _shown(_find(connection, user_id))

    def remove(self, user_id: str) -> None:
        """The user may no longer come in, from now on. What they own stays and is shown under their name."""
        with self._database.write() as connection:
            _lock_administrators(connection)
            before = _find(connection, user_id)
            connection.execute(update(users).where(users.c.id == user_id).values(removed=moments.now()))
            _shut_out(connection, user_id)
            connection.execute(delete(project_members).where(project_members.c.user_id == user_id))
            if before.role == "administrator":
                _check_administrator(connection, user_id)


def check_user(user_id: str) -> str:
    """`user_id`, if a user can have that; else InvalidInput."""
    if not _ID.fullmatch(user_id):
        raise InvalidInput(
            "The id of a user must be 1 to 32 of the characters a-z, 0-9, '-' and '_'",
            got=repr(user_id)[:80],
            fix="Write it in lower case, such as anna-k.",
        )
    return user_id


def check_active(connection: Connection, user_id: str) -> None:
    """NotFound where there is no such user, Conflict where the user is disabled."""
    if _find(connection, user_id).disabled is not None:
        raise Conflict(
            "The user must be allowed to come in", got=f"{user_id}, who is disabled", fix="Enable them first."
        )


def _find(connection: Connection, user_id: str) -> Any:
    row = connection.execute(select(users).where(users.c.id == user_id, users.c.removed.is_(None))).first()
    if row is None:
        known = connection.execute(select(users.c.id).where(users.c.removed.is_(None))).scalars()
        raise NotFound("The user must exist", got=user_id[:80], fix=nearest(user_id[:80], known))
    return row


def _lock_administrators(connection: Connection) -> None:
    # Two administrators who remove each other at once must not both succeed.
    connection.execute(select(users.c.id).where(users.c.role == "administrator").with_for_update())


def _shut_out(connection: Connection, user_id: str) -> None:
    for table in (sessions, tokens, login_tokens):
        connection.execute(delete(table).where(table.c.user_id == user_id))


def _check_administrator(connection: Connection, user_id: str) -> None:
    query = select(func.count()).select_from(users).where(is_active(), users.c.role == "administrator")
    if connection.execute(query).scalar_one() == 0:
        raise Conflict(
            "There must be an administrator",
            got=f"{user_id}, who is the last one",
            fix="Make somebody else an administrator first.",
        )


def _role(role: str) -> str:
    if role not in ROLES:
        raise InvalidInput(f"A role must be {' or '.join(ROLES)}", got=repr(role)[:80], fix=nearest(role[:80], ROLES))
    return role


def _name(name: str) -> str:
    shown = name.strip()
    if not shown or len(shown) > MAX_NAME or not shown.isprintable():
        raise InvalidInput(
            f"The name of a user must be 1 to {MAX_NAME} characters in one line",
            got=repr(name)[:80],
            fix="Give the name that the others are to see.",
        )
    return shown


def _row(user_id: str, name: str, role: str) -> dict[str, Any]:
    return {"id": user_id, "name": name, "role": role, "created": moments.now(), "disabled": None, "removed": None}


def _shown(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role,
        "created_at": moments.text(row.created),
        "disabled": row.disabled is not None,
        "removed": row.removed is not None,
    }
