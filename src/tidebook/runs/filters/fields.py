"""What can be asked of a run, and what a run answers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal

import orjson

from tidebook.core.errors import InvalidInput, nearest

Kind = Literal["text", "time", "number", "flag", "params", "metrics", "tags"]
GROUPS: tuple[Kind, ...] = ("params", "metrics", "tags")

MAX_NAME = 250  #: characters of the name of a param, metric or tag that can be asked for
MAX_TEXT = 500  #: characters of a text that count, in most fields
LONG = {"description": 16_000, "notes": 16_000}  #: characters that count, in the others

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)

_KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        (
            "run_name",
            "status",
            "model_type",
            "project",
            "owner",
            "scope",
            "stock_symbol",
            "description",
            "task_id",
            "version",
            "dataset",
            "notes",
        ),
        "text",
    ),
    **dict.fromkeys(("created", "finished", "updated"), "time"),
    "duration": "number",
    **dict.fromkeys(("archived", "pinned", "lost"), "flag"),
}
_KEYS = {
    "created": "created_at",
    "finished": "finished_at",
    "updated": "updated_at",
    "duration": "duration_seconds",
}
_ALIASES = {"name": "run_name", "started": "created", **{key: name for name, key in _KEYS.items()}}


@dataclass(frozen=True)
class Field:
    """Something that a run may have a value of."""

    name: str  #: of the field, or of the param, metric or tag
    kind: Kind

    def __str__(self) -> str:
        """As it is written in a filter."""
        if self.kind not in GROUPS:
            return self.name
        plain = re.fullmatch(r"[\w./-]+", self.name)
        return f"{self.kind}.{self.name if plain else quoted(self.name)}"

    def of(self, item: Mapping[str, Any]) -> tuple[float | None, str | None]:
        """What a run has, as `(number, text)`; both None where it has no value.

        A number has no text. A text that reads as a number has both. Times are milliseconds since 1970, truth is
        1 or 0.
        """
        if self.kind in GROUPS:
            value = (item.get(self.kind) or {}).get(self.name)
            number, text = scalar(value)
            return (number, None if number is not None else text) if self.kind == "metrics" else (number, text)
        value = item.get(_KEYS.get(self.name, self.name))
        match self.kind:
            case "time":
                return _milliseconds(value), None
            case "flag":
                return float(bool(value)), None
            case "number":
                return scalar(value)[0], None
            case _:
                return None, (cut(str(value), LONG.get(self.name, MAX_TEXT)) if value else None)


def field(name: str, position: int | None = None) -> Field:
    """The field that is called so; InvalidInput with the nearest name where there is none."""
    group, dot, rest = name.partition(".")
    if dot:
        for kind in GROUPS:
            if group == kind and 0 < len(rest) <= MAX_NAME:
                return Field(rest, kind)
    known = _ALIASES.get(name, name)
    if known in _KINDS:
        return Field(known, _KINDS[known])
    where = {} if position is None else {"position": position}
    raise InvalidInput(
        "A field must be one that runs have" + ("" if position is None else f", at position {position}"),
        got=repr(name[:80]),
        fix=_nearest(group, rest) if dot else nearest(name[:80], [*_KINDS, *_ALIASES, "params.", "metrics.", "tags."]),
        **where,
    )


def scalar(value: object) -> tuple[float | None, str | None]:
    """A param, metric or tag as `(number, text)`; both None where it is no value that can be compared."""
    match value:
        case None:
            return None, None
        case bool():
            return None, "true" if value else "false"
        case int() | float():
            try:
                number = float(value)
            except OverflowError:
                return None, str(value)[:MAX_TEXT]
            return (number, None) if math.isfinite(number) else (None, None)
        case str():
            return numeric(value), cut(value)
        case _:
            return None, cut(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode())


def numeric(text: str) -> float | None:
    """The finite number that a text is."""
    if len(text) > 50 or not NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def cut(text: str, longest: int = MAX_TEXT) -> str:
    """What counts of a text: its beginning, in characters that every database can hold."""
    return text[:longest].replace("\x00", "\ufffd")


def quoted(text: str) -> str:
    """`text` in quotes, as the filter language reads it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _milliseconds(value: object) -> float | None:
    try:
        moment = datetime.fromisoformat(str(value))
        return float(round(moment.timestamp() * 1000))
    except (ValueError, OverflowError, OSError):
        return None


def _nearest(group: str, rest: str) -> str:
    if group in GROUPS:
        return f"Write {group}. and a name of 1 to {MAX_NAME} characters, in quotes where it has others than letters."
    close = get_close_matches(group[:80], GROUPS, n=1, cutoff=0.5)
    if close:
        return f"Did you mean {close[0]}.{rest[:40]}?"
    return f"Write params.{rest[:40]}, metrics.{rest[:40]} or tags.{rest[:40]}."
