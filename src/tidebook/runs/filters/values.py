"""What stands behind an operator: numbers, texts, times, truth, as the field wants it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tidebook.core.errors import InvalidInput
from tidebook.runs.filters.fields import LONG, MAX_TEXT, Field, cut, numeric
from tidebook.runs.filters.tree import Ago, Flag, Moment, Operator, Scalar, Value
from tidebook.runs.filters.words import Word

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}  #: in seconds

_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smhdw])", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def value(field: Field, operator: Operator, word: Word) -> Value:
    """The value that `word` is for `field`; InvalidInput where the field has none of this kind."""
    if operator == "~" and field.kind not in {"text", "params", "tags"}:
        raise _wrong(field, word, "be compared with one of = != < <= > >=", "Only texts can contain something.")
    match field.kind:
        case "flag":
            if operator not in {"=", "!="} or word.text.lower() not in {"true", "false"}:
                raise _wrong(field, word, "be = true or = false", f"Write {field} = true.")
            return Flag(word.text.lower() == "true")
        case "time":
            return _time(field, word)
        case "number" | "metrics":
            number = numeric(word.text)
            if number is None and field.kind == "number":
                number = _seconds(word.text)
            if number is None:
                raise _wrong(field, word, "be compared with a number", f"Write for example {field} < 0.1.")
            return Scalar(word.text, number)
        case _:
            return Scalar(cut(word.text, LONG.get(field.name, MAX_TEXT)), numeric(word.text))


def _seconds(text: str) -> float | None:
    found = _SPAN.fullmatch(text)
    return float(found[1]) * UNITS[found[2]] if found else None


def _time(field: Field, word: Word) -> Moment | Ago:
    seconds = _seconds(word.text)
    if seconds is not None:
        return Ago(round(seconds * 1000))
    try:
        if _DAY.fullmatch(word.text):
            first = datetime.fromisoformat(word.text)
            return Moment(_milliseconds(first), _milliseconds(first + timedelta(days=1)))
        start = _milliseconds(datetime.fromisoformat(word.text))
    except (ValueError, OverflowError, OSError) as error:
        raise _wrong(
            field, word, "be compared with a time", f"Write for example {field} > 2026-11-01 or {field} > 7d."
        ) from error
    return Moment(start, start + 1)


def _milliseconds(moment: datetime) -> int:
    # Without an offset it is the time of the machine, as people mean it.
    return round(moment.astimezone(UTC).timestamp() * 1000)


def _wrong(field: Field, word: Word, must: str, fix: str) -> InvalidInput:
    return InvalidInput(
        f"{str(field)[:80]} must {must}, at position {word.position}", got=str(word), fix=fix, position=word.position
    )
