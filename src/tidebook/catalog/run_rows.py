"""A run's list item as rows: what is filtered and sorted by stands in columns of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tidebook.runs.filters.fields import GROUPS, LONG, MAX_NAME, Field, field

Name = tuple[str, str]  #: kind and name of a param, metric or tag
Held = tuple[float | None, str | None]  #: a value as number and text

TEXTS = ("status", "project", "owner", "model_type", "scope", "stock_symbol", "task_id", "version", "dataset", *LONG)
TIMES = ("created", "updated", "finished")
FLAGS = ("lost", "pinned", "archived")

_TEXTS = [field(name) for name in TEXTS]
_TIMES = [field(name) for name in TIMES]
_FLAGS = [field(name) for name in FLAGS]
_DURATION = field("duration")


def row(item: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of `runs` that follow from the item."""
    return {
        "run_name": item["run_name"],
        **{each.name: each.of(item)[1] for each in _TEXTS},
        **{each.name: _whole(each.of(item)[0]) for each in _TIMES},
        **{each.name: bool(each.of(item)[0]) for each in _FLAGS},
        "duration": _DURATION.of(item)[0],
    }


def values(item: Mapping[str, Any]) -> dict[Name, Held]:
    """What stands in `run_values` for the item."""
    return dict(_values(item))


def _values(item: Mapping[str, Any]) -> Iterator[tuple[Name, Held]]:
    for kind in GROUPS:
        for name in item.get(kind) or ():
            if 0 < len(name) <= MAX_NAME and "\x00" not in name:
                held = Field(name, kind).of(item)
                if held != (None, None):
                    yield (kind, name), held


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
