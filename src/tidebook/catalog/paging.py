"""Pages by key: each page begins after the last row of the one before, however many rows there are."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, and_, or_

from tidebook.core.errors import InvalidInput


def page(
    connection: Connection,
    query: Select[Any],
    key: tuple[ColumnElement[Any], ColumnElement[Any]],
    limit: int,
    after: str | None,
) -> tuple[list[Any], str | None]:
    """At most `limit` rows of `query`, newest first by `key` (a moment and an id), and where the next page begins.

    `query` must select the two key columns first.
    """
    moment, name = key
    if after is not None:
        last_moment, last_name = _decode(after)
        query = query.where(or_(moment < last_moment, and_(moment == last_moment, name < last_name)))
    rows = connection.execute(query.order_by(moment.desc(), name.desc()).limit(limit + 1)).all()
    following = _encode(rows[limit - 1][0], rows[limit - 1][1]) if len(rows) > limit else None
    return list(rows[:limit]), following


def _encode(moment: int, name: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([moment, name])).decode().rstrip("=")


def _decode(text: str) -> tuple[int, str]:
    try:
        value = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        moment, name = value
        if type(moment) is not int or not -(2**63) <= moment < 2**63 or not isinstance(name, str):
            raise TypeError
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidInput(
            "after must be the `next` of an earlier page", got=repr(text[:80]), fix="Leave it out for the first page."
        ) from error
    return moment, name
