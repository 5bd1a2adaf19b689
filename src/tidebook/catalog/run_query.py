"""A filter's tree as SQL, in the same meaning as `runs.filters.matches` gives it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, exists, false, func, not_, or_, select, true, tuple_
from sqlalchemy.sql import FromClause

from tidebook.catalog.run_rows import Name
from tidebook.catalog.tables import run_names, run_values
from tidebook.runs.filters.fields import GROUPS, Field
from tidebook.runs.filters.tree import (
    Ago,
    And,
    Comparison,
    Exists,
    Flag,
    Moment,
    Not,
    OneOf,
    Operator,
    Or,
    Tree,
    Value,
    fields_of,
)

Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Compiler:
    """What a tree means at one moment, for the names that the database has."""

    names: Mapping[Name, int]  #: the ids of the params, metrics and tags that the tree names
    now: int = field(default_factory=lambda: time.time_ns() // 1_000_000)  #: milliseconds since 1970

    def condition(self, tree: Tree, runs: FromClause) -> Condition:
        """`tree` over a row of `runs` (the table or an alias); never NULL."""
        match tree:
            case And(parts):
                return and_(true(), *(self.condition(part, runs) for part in parts))
            case Or(parts):
                return or_(false(), *(self.condition(part, runs) for part in parts))
            case Not(inner):
                return not_(self.condition(inner, runs))
            case _ if tree.field.kind in GROUPS:
                values = run_values.alias()
                own = (values.c.name == self._id(tree.field), values.c.run == runs.c.n)
                return exists(
                    select(1).select_from(values).where(*own, self._leaf(tree, values.c.number, values.c.text))
                )
            case _:
                number, text = columns(tree.field, runs)
                return self._leaf(tree, number, text)

    def values(self, tree: Comparison | OneOf | Exists) -> Any:
        """The runs, as a select over `run_values` alone, for which a condition on a param, metric or tag holds."""
        holds = self._leaf(tree, run_values.c.number, run_values.c.text)
        return select(run_values.c.run).where(run_values.c.name == self._id(tree.field), holds)

    def _id(self, asked: Field) -> int:
        return self.names.get((asked.kind, asked.name), -1)

    def _leaf(
        self, tree: Comparison | OneOf | Exists, number: Column[Any] | None, text: Column[Any] | None
    ) -> Condition:
        present = or_(false(), *(column.is_not(None) for column in (number, text) if column is not None))
        match tree:
            case Exists():
                return present
            case OneOf(_, values):
                return or_(false(), *(self._holds("=", value, number, text) for value in values))
            case Comparison(_, "!=", value):
                return and_(present, not_(self._holds("=", value, number, text)))
            case Comparison(_, sign, value):
                return self._holds(sign, value, number, text)

    def _holds(self, sign: Operator, value: Value, number: Column[Any] | None, text: Column[Any] | None) -> Condition:
        if isinstance(value, Ago):
            value = value.at(self.now)
        if isinstance(value, Moment):
            return _known(number, lambda column: _in_time(column, sign, value))
        if isinstance(value, Flag):
            return _known(number, lambda column: column.is_(value.value))
        if sign == "=":
            if value.number is not None and number is not None:  # a text that reads as this number has it, too
                return _known(number, lambda column: column == value.number)
            return _known(text, lambda column: column == value.text)
        if sign == "~":
            part = value.text.lower()
            return _known(text, lambda column: func.lower(column).contains(part, autoescape=True))
        if value.number is not None:
            return _known(number, lambda column: column.op(sign, is_comparison=True)(value.number))
        return _known(text, lambda column: column.op(sign, is_comparison=True)(value.text))


def columns(asked: Field, runs: FromClause) -> tuple[Column[Any] | None, Column[Any] | None]:
    """The columns of `runs` that hold a field's number and text."""
    column: Any = runs.c[asked.name]
    return (None, column) if asked.kind == "text" else (column, None)


def names_of(connection: Connection, asked: Iterable[Field]) -> dict[Name, int]:
    """The ids of the params, metrics and tags among `asked`; names that no run has are left out."""
    wanted = {(each.kind, each.name) for each in asked if each.kind in GROUPS}
    if not wanted:
        return {}
    query = select(run_names).where(tuple_(run_names.c.kind, run_names.c.name).in_(sorted(wanted)))
    return {(row.kind, row.name): row.id for row in connection.execute(query)}


def compiler(connection: Connection, tree: Tree, *more: Field, now: int | None = None) -> Compiler:
    """The compiler of a tree; its names hold those of the fields in `more`, too."""
    names = names_of(connection, (*fields_of(tree), *more))
    return Compiler(names) if now is None else Compiler(names, now)


def _known(column: Column[Any] | None, condition: Any) -> Condition:
    """The condition on a column where it has a value; else false."""
    return false() if column is None else and_(column.is_not(None), condition(column))


def _in_time(column: Any, sign: Operator, span: Moment) -> Condition:
    match sign:
        case "<":
            return column < span.start  # type: ignore[no-any-return]
        case "<=":
            return column < span.end  # type: ignore[no-any-return]
        case ">":
            return column >= span.end  # type: ignore[no-any-return]
        case ">=":
            return column >= span.start  # type: ignore[no-any-return]
        case _:
            return and_(column >= span.start, column < span.end)
