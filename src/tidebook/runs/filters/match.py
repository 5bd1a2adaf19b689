"""Whether one run is what a filter asks for."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Mapping
from typing import Any

from tidebook.runs.filters.tree import Ago, And, Comparison, Exists, Flag, Moment, Not, OneOf, Operator, Or, Tree, Value

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matches(tree: Tree, item: Mapping[str, Any], now: int | None = None) -> bool:
    """Whether the run `item` (as lists show it) is what `tree` asks for, at `now` (milliseconds since 1970)."""
    moment = time.time_ns() // 1_000_000 if now is None else now
    match tree:
        case And(parts):
            return all(matches(part, item, moment) for part in parts)
        case Or(parts):
            return any(matches(part, item, moment) for part in parts)
        case Not(inner):
            return not matches(inner, item, moment)
        case Exists(field):
            return field.of(item) != (None, None)
        case OneOf(field, values):
            return any(_holds(field.of(item), "=", value, moment) for value in values)
        case Comparison(field, sign, value):
            return _holds(field.of(item), sign, value, moment)


def _holds(has: tuple[float | None, str | None], sign: Operator, value: Value, now: int) -> bool:
    number, text = has
    if number is None and text is None:
        return False
    if isinstance(value, Ago):
        value = value.at(now)
    if sign == "!=":
        return not _holds(has, "=", value, now)
    if isinstance(value, Moment):
        return number is not None and _in_time(number, sign, value)
    if isinstance(value, Flag):
        return number == float(value.value)
    match sign:
        case "=":
            return (number is not None and number == value.number) or (text is not None and text == value.text)
        case "~":
            return text is not None and value.text.lower() in text.lower()
        case _ if value.number is not None:
            return number is not None and _ORDER[sign](number, value.number)
        case _:
            return text is not None and _ORDER[sign](text, value.text)


def _in_time(moment: float, sign: Operator, span: Moment) -> bool:
    match sign:
        case "<":
            return moment < span.start
        case "<=":
            return moment < span.end
        case ">":
            return moment >= span.end
        case ">=":
            return moment >= span.start
        case _:
            return span.start <= moment < span.end
