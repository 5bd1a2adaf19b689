"""A bound of a metric, such as `wape <= 0.1`: read, never evaluated."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from tidebook.abc import Bound
from tidebook.core.errors import InvalidInput

_FORM = re.compile(r"\s*([A-Za-z_][\w.@-]{0,99})\s*(<=|>=|<|>|=)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?)\s*")
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


def parse(text: str) -> Bound:
    """The bound in `wape <= 0.1`; InvalidInput where it is none."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidInput(
            "A bound of a metric must be its name, one of <=, <, >=, >, = and a number",
            got=repr(text[:80]),
            fix="Write it like wape <= 0.1.",
        )
    return Bound(match[1], match[2], float(match[3]))


def number(item: Mapping[str, Any], metric: str) -> float | None:
    """A metric of a list item; None where it has none or it is no finite number."""
    metrics = item.get("metrics")
    value = metrics.get(metric) if isinstance(metrics, Mapping) else None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)


def holds(bound: Bound, item: Mapping[str, Any]) -> bool:
    """Whether a list item keeps the bound; one without the metric does not."""
    value = number(item, bound.metric)
    return value is not None and bool(OPERATORS[bound.operator](value, bound.value))
