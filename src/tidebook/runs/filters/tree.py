"""What a filter means, as a tree of plain records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tidebook.runs.filters.fields import Field

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "~"]


@dataclass(frozen=True)
class Scalar:
    """What a text or a number is compared with."""

    text: str
    number: float | None  #: finite; None where the text is none


@dataclass(frozen=True)
class Flag:
    """true or false."""

    value: bool


@dataclass(frozen=True)
class Moment:
    """A span of time from `start` up to, not including, `end`: a day for a date, else a millisecond."""

    start: int  #: milliseconds since 1970
    end: int


@dataclass(frozen=True)
class Ago:
    """So long before now."""

    milliseconds: int

    def at(self, now: int) -> Moment:
        """The moment that it means, where it is `now` (milliseconds since 1970)."""
        return Moment(now - self.milliseconds, now - self.milliseconds + 1)


Value = Scalar | Flag | Moment | Ago


@dataclass(frozen=True)
class Comparison:
    """A field beside a value. Where the run has no such value, it does not hold, whatever the operator."""

    field: Field
    operator: Operator
    value: Value


@dataclass(frozen=True)
class OneOf:
    """Whether a field equals one of several values."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Exists:
    """Whether a run has the value at all."""

    field: Field


@dataclass(frozen=True)
class Not:
    """The opposite: what does not hold for want of a value, holds so."""

    inner: Tree


@dataclass(frozen=True)
class And:
    """Whether all parts hold; without parts always."""

    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Or:
    """Whether one of the parts holds."""

    parts: tuple[Tree, ...]


Tree = Comparison | OneOf | Exists | Not | And | Or


def fields_of(tree: Tree) -> Iterator[Field]:
    """The fields that a tree names."""
    match tree:
        case And(parts) | Or(parts):
            for part in parts:
                yield from fields_of(part)
        case Not(inner):
            yield from fields_of(inner)
        case _:
            yield tree.field
