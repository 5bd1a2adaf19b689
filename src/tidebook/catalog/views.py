"""Saved views: lists as their users like to see them. They live in the database only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from tidebook.catalog import moments
from tidebook.catalog.database import Database
from tidebook.catalog.tables import saved_views
from tidebook.core.errors import Conflict, NotFound
from tidebook.core.ids import new_id

MOST = 500  #: of one user


class Views:
    """Rows of `saved_views`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, owner: str, page: str | None = None) -> list[dict[str, Any]]:
        """The views of a user, of one page or all, by name."""
        query = select(saved_views).where(saved_views.c.owner == owner)
        if page is not None:
            query = query.where(saved_views.c.page == page)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(saved_views.c.name, saved_views.c.id)).all()
        return [_shown(row) for row in rows]

    def save(self, owner: str, page: str, name: str, query: str) -> dict[str, Any]:
        """A view; one of the same name is replaced. Conflict where the user has too many."""
        same = (saved_views.c.owner == owner, saved_views.c.page == page, saved_views.c.name == name)
        values = {"id": new_id("VIEW"), "owner": owner, "page": page, "name": name, "query": query}
        with self._database.write() as connection:
            connection.execute(delete(saved_views).where(*same))
            held = select(func.count()).select_from(saved_views).where(saved_views.c.owner == owner)
            if connection.execute(held).scalar_one() >= MOST:
                raise Conflict(f"A user can have at most {MOST} views", got="one more", fix="Delete some.")
            connection.execute(insert(saved_views).values(**values, created=moments.now()))
            return _shown(connection.execute(select(saved_views).where(saved_views.c.id == values["id"])).one())

    def delete(self, owner: str, view_id: str) -> None:
        """Removes a view; NotFound where the user has none with this id."""
        with self._database.write() as connection:
            gone = connection.execute(
                delete(saved_views).where(saved_views.c.id == view_id, saved_views.c.owner == owner)
            )
        if gone.rowcount == 0:
            raise NotFound("The view must exist", got=view_id, fix="List the views; it may be deleted already.")


def _shown(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "page": row.page,
        "query": row.query,
        "owner": row.owner,
        "created_at": moments.text(row.created),
    }
