"""The order of a list: by any field, those without a value last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from tidebook.runs.filters.fields import GROUPS, Field, field

NEWEST = "-created"

Key = tuple[int, Any, float, str]


@dataclass(frozen=True)
class Sort:
    """By which field, and which way."""

    field: Field
    descending: bool

    def __str__(self) -> str:
        """As it is written."""
        return f"{'-' if self.descending else ''}{self.field}"


def parse_sort(text: str | None) -> Sort:
    """`created`, `-metrics.wape`, `params."batch size"`; nothing is `-created`. InvalidInput for an unknown field."""
    name = (text or NEWEST).strip()
    descending = name.startswith("-")
    name = name[1:] if descending else name
    group, _, rest = name.partition(".")
    if group in GROUPS and len(rest) > 1 and rest[0] == rest[-1] and rest[0] in "\"'":
        name = f"{group}.{rest[1:-1]}"
    return Sort(field(name), descending)


def sort_key(sort: str | Sort | None) -> Callable[[Mapping[str, Any]], Key]:
    """The key by which `sorted` brings runs (as lists show them) into this order.

    Numbers come before texts, and runs without the value last; among equals the newest comes first.
    """
    order = sort if isinstance(sort, Sort) else parse_sort(sort)
    created = field("created")

    def key(item: Mapping[str, Any]) -> Key:
        number, text = order.field.of(item)
        newest = -(created.of(item)[0] or 0.0)
        name = str(item.get("run_name", ""))
        if number is not None:
            return 0, -number if order.descending else number, newest, name
        if text is not None:
            return 1, _Reversed(text) if order.descending else text, newest, name
        return 2, 0, newest, name

    return key


@total_ordering
@dataclass(frozen=True)
class _Reversed:
    text: str

    def __lt__(self, other: _Reversed) -> bool:
        return self.text > other.text
