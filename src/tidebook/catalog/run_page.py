"""A page of the list of runs, in any order, found without reading what is not on it.

Two plans. Where a condition holds for few runs, those are looked through and sorted. Otherwise the runs are walked
in the wanted order along an index, and the first that match are taken. The statements leave the database no other
choice: conditions stand in EXISTS over single rows.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, String, and_, case, exists, func, literal, or_, select

from tidebook.catalog.access import Access
from tidebook.catalog.run_query import Compiler, columns, compiler
from tidebook.catalog.tables import run_values, runs
from tidebook.core.errors import InvalidInput
from tidebook.runs.filters import Sort
from tidebook.runs.filters.fields import GROUPS
from tidebook.runs.filters.tree import And, Comparison, Exists, OneOf, Tree

COUNTED = 20_000  #: runs up to which it is counted for how many a condition holds

Key = tuple[int, Any, int]  #: segment, value and n of the last row of a page


def page(
    connection: Connection,
    tree: Tree,
    sort: Sort,
    access: Access,
    limit: int,
    after: str | None = None,
    now: int | None = None,
) -> tuple[list[int], str | None]:
    """The numbers (`runs.n`) of at most `limit` runs that match and that the user sees, and where the next page begins.

    Numbers come before texts, and runs without the value last.
    """
    search = _Search(compiler(connection, tree, sort.field, now=now), tree, access)
    search.few = _few(connection, search, limit)
    last = None if after is None else _decode(after)
    found: list[Key] = []
    for number, segment in enumerate(_segments(search, sort)):
        if last is not None and number < last[0]:
            continue
        query = segment.after(last) if last is not None and number == last[0] else segment.query
        rows = connection.execute(query.limit(limit + 1 - len(found))).all()
        found += [(number, row[0], row[1]) for row in rows]
        if len(found) > limit:
            break
    following = _encode(found[limit - 1]) if len(found) > limit else None
    return [n for _, _, n in found[:limit]], following


def count(connection: Connection, tree: Tree, access: Access, now: int | None = None) -> int:
    """How many runs match that the user sees."""
    search = _Search(compiler(connection, tree, now=now), tree, access)
    few = _few(connection, search, COUNTED)
    query = select(func.count()).select_from(runs).where(search.holds(runs))
    if few is not None:
        query = query.where(runs.c.n.in_(few))
    return connection.execute(query).scalar_one()


@dataclass
class _Search:
    compiler: Compiler
    tree: Tree
    access: Access
    few: Select[tuple[int]] | None = None  #: few runs among which all lie that match

    def holds(self, table: Any) -> ColumnElement[bool]:
        seen = self.access.where(table.c.project, table.c.owner)
        return and_(seen, self.compiler.condition(self.tree, table))

    def value(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The column to sort by; where few runs are looked through, so that no index on it seems to be of use."""
        return column if self.few is None else func.coalesce(column, column)

    def run(self, n: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether the run numbered `n` matches, as one look at its row."""
        one = runs.alias()
        found = exists(select(1).select_from(one).where(one.c.n == n, self.holds(one)))
        return found if self.few is None else and_(n.in_(self.few), found)


@dataclass
class _Segment:
    query: Select[Any]  #: selects value and n, in order
    value: ColumnElement[Any] | None  #: None where all are alike
    n: ColumnElement[int]
    descending: bool

    def after(self, last: Key) -> Select[Any]:
        """The query behind the last row of a page."""
        _, value, n = last
        if self.value is not None and isinstance(value, str) != isinstance(self.value.type, String):
            raise _no_cursor(repr(value)[:80])
        later = self.n < n if self.descending else self.n > n
        if self.value is None:
            return self.query.where(later)
        beyond = self.value < value if self.descending else self.value > value
        begin = self.value <= value if self.descending else self.value >= value  # a place in the index
        return self.query.where(begin, or_(beyond, later))


def _segments(search: _Search, sort: Sort) -> Iterator[_Segment]:
    if sort.field.kind in GROUPS:
        values = run_values.alias()
        number, text = search.value(values.c.number), search.value(values.c.text)
        own = values.c.name == search.compiler.names.get((sort.field.kind, sort.field.name), -1)
        yield _segment(search, number, values.c.run, sort.descending, own, number.is_not(None))
        if sort.field.kind != "metrics":
            yield _segment(search, text, values.c.run, sort.descending, own, number.is_(None), text.is_not(None))
        if any(
            isinstance(part, Comparison | OneOf | Exists) and part.field == sort.field for part in _needed(search.tree)
        ):
            return  # runs without the value do not match
        table = runs.alias()
        has = exists(select(1).select_from(values).where(own, values.c.run == table.c.n))
        yield _segment(search, None, table.c.n, True, ~has)
        return
    table = runs.alias()
    column = search.value(next(each for each in columns(sort.field, table) if each is not None))
    if sort.field.kind == "flag":
        column = case((column, 1), else_=0)
    yield _segment(search, column, table.c.n, sort.descending, column.is_not(None))
    if runs.c[sort.field.name].nullable:
        yield _segment(search, None, table.c.n, True, column.is_(None))


def _segment(
    search: _Search,
    value: ColumnElement[Any] | None,
    n: ColumnElement[int],
    descending: bool,
    *where: ColumnElement[bool],
) -> _Segment:
    query = select(literal(0) if value is None else value, n).where(*where, search.run(n))
    keys = [n] if value is None else [value, n]
    query = query.order_by(*(key.desc() if descending else key.asc() for key in keys))
    return _Segment(query, value, n, descending)


def _few(connection: Connection, search: _Search, limit: int) -> Select[tuple[int]] | None:
    """A select of the runs for which the rarest condition holds, if to look through them is less than to walk.

    The walk is as long as it takes to meet `limit` runs for which all conditions hold, were these independent.
    """
    everything = connection.execute(select(func.max(runs.c.n))).scalar() or 0
    walk, fewest, chosen = float(limit), COUNTED, None
    for part in _needed(search.tree):
        query = _holding(search.compiler, part)
        if query is None:
            continue
        bounded = query.limit(COUNTED).subquery()
        number = connection.execute(select(func.count()).select_from(bounded)).scalar_one()
        if number < COUNTED:
            walk *= everything / max(number, 1)
        if number < fewest:
            fewest, chosen = number, query
    return chosen if fewest < min(walk, everything) else None


def _needed(tree: Tree) -> Iterator[Tree]:
    """The conditions all of which must hold."""
    if isinstance(tree, And):
        for part in tree.parts:
            yield from _needed(part)
    else:
        yield tree


def _holding(compiler: Compiler, tree: Tree) -> Select[tuple[int]] | None:
    """The runs for which a condition holds, where an index finds them."""
    if not isinstance(tree, Comparison | OneOf | Exists) or tree.field.kind == "flag":
        return None
    if isinstance(tree, Comparison) and tree.operator in {"!=", "~"}:
        return None
    if tree.field.kind in GROUPS:
        found: Select[tuple[int]] = compiler.values(tree)
        return found
    if tree.field.name in {"description", "notes"}:
        return None
    return select(runs.c.n).where(compiler.condition(tree, runs))


def _encode(key: Key) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def _decode(text: str) -> Key:
    try:
        segment, value, n = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        whole = type(segment) is int and type(n) is int and 0 <= segment <= 2 and 0 <= n < 2**63
        if not whole or type(value) not in {str, int, float} or not _bindable(value):
            raise TypeError
    except (binascii.Error, ValueError, TypeError) as error:
        raise _no_cursor(repr(text[:80])) from error
    return segment, value, n


def _no_cursor(got: str) -> InvalidInput:
    return InvalidInput("after must be the `next` of an earlier page", got=got, fix="Leave it out for the first page.")


def _bindable(value: str | float) -> bool:
    """Whether every database takes the value in a comparison."""
    if isinstance(value, str):
        return "\x00" not in value
    return -(2**63) <= value < 2**63 if isinstance(value, int) else math.isfinite(value)
