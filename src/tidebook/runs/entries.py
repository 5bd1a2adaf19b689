"""Entries of the metrics log as bytes: one entry, one line, and no number that JSON cannot write."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

import orjson

from tidebook.core.errors import InvalidInput

_BLANK = b" \t\r\n"
_BETWEEN = re.compile(rb"\}\s*,\s*(?=\{)")  # entries, also in an array that another program laid out
_TRIES = 8


def encode(entry: Mapping[str, Any]) -> bytes:
    """`entry` as one line of JSON, without its end of line.

    Non-finite numbers become "NaN", "Infinity" and "-Infinity", which `float()` reads back. InvalidInput where a
    name is not text or a value is neither plain nor a number.
    """
    try:
        line = orjson.dumps(entry, _plain, orjson.OPT_SERIALIZE_NUMPY)
        # orjson writes non-finite numbers as null: only a line with a null needs the slow look at every value.
        if line.find(b"null") >= 0:  # Faster than `in`, for bytes.
            line = orjson.dumps(spelled_out(entry), default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        raise InvalidInput(
            "A metric must have a name of text and a value that is a number",
            got=f"{_culprit(entry)} ({error})",
            fix="Log float(value), and anything else with save_training_log.",
        ) from error
    return line


def parse(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """The complete entries in `data`, and how many bytes it is to the end of the last of them.

    `data` is a JSON array from its first byte or from the end of any entry on; its own end may be missing,
    torn anywhere, or half overwritten by the next entry.
    """
    whole = data.rstrip(_BLANK)
    if whole.endswith(b"]"):
        body = whole[:-1].rstrip(_BLANK)
        entries = _array(body)
        if entries is not None:
            return entries, len(body)
    return _lines(data)


def parse_end(data: bytes) -> tuple[list[dict[str, Any]], int]:
    """The same of the end of an array that begins anywhere, also within an entry, which is left out then."""
    whole = data.rstrip(_BLANK)
    first = data.find(b"\n") + 1
    if whole.endswith(b"]"):
        body = whole[:-1].rstrip(_BLANK)
        between = (found.end() for found in islice(_BETWEEN.finditer(body), _TRIES))
        for start in (first, *between):
            if entries := _array(body[start:]):
                return entries, len(body)
    entries, used = _lines(data[first:])
    return entries, first + used


def _array(body: bytes) -> list[dict[str, Any]] | None:
    inner = body.lstrip(_BLANK)
    if inner[:1] in {b"[", b","}:
        inner = inner[1:]
    try:
        values = orjson.loads(b"[" + inner + b"]")
    except orjson.JSONDecodeError:
        return None
    return [value for value in values if isinstance(value, dict)]


def _lines(data: bytes) -> tuple[list[dict[str, Any]], int]:
    entries: list[dict[str, Any]] = []
    used = start = 0
    for line in data.split(b"\n"):
        found = _entry(line)
        if found is not None:
            entries.append(found[0])
            used = start + found[1]
        start += len(line) + 1
    return entries, used


def _entry(line: bytes) -> tuple[dict[str, Any], int] | None:
    """The entry on a line and the position of its end; None where there is none or it is incomplete."""
    text = line.rstrip(b"]," + _BLANK)
    end = len(text)
    try:
        value = orjson.loads(text.lstrip(b"[," + _BLANK))
    except orjson.JSONDecodeError:
        return None
    return (value, end) if isinstance(value, dict) else None


def _plain(value: Any) -> Any:
    """Tensors and the like as what they hold."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not a number")


def spelled_out(value: Any) -> Any:
    """`value` with every non-finite number in it as text: "NaN", "Infinity", "-Infinity"."""
    if isinstance(value, Mapping):
        return {name: spelled_out(inner) for name, inner in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [spelled_out(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _culprit(entry: Mapping[Any, Any]) -> str:
    for name, value in entry.items():
        if not isinstance(name, str):
            return f"the name {name!r}"[:80]
        try:
            orjson.dumps({name: value}, default=_plain, option=orjson.OPT_SERIALIZE_NUMPY)
        except TypeError:
            return f"{name[:40]!r} = {value!r}"[:120]
    return "an entry"
