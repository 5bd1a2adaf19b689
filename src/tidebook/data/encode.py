"""Covariates as numbers: numbers stay, text becomes codes, and a future row is read like the past.

The code of a text is its place in a list that begins with the most frequent one, so 0 is the ordinary day: what
a null, a day without a row, and a text that was never seen count as.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from tidebook.core.arrays import F32, Flags
from tidebook.core.errors import InvalidInput, nearest

Categories = dict[str, tuple[str, ...]]  #: of each text covariate its texts; the code is the position

MISSING = ("", "na", "n/a", "nan", "null", "-")  #: how tables say that there is no number
WORDS = {"true": "1", "false": "0"}


def number(text: pl.Expr) -> pl.Expr:
    """The numbers that a text expression writes, null where it writes none."""
    plain = text.str.strip_chars().str.to_lowercase()
    return plain.replace(WORDS).cast(pl.Float64, strict=False)


def is_no_number(text: pl.Expr) -> pl.Expr:
    """Where a text expression says something that is not a number."""
    return text.is_not_null() & ~text.str.strip_chars().str.to_lowercase().is_in(MISSING) & number(text).is_null()


def code(text: pl.Expr, seen: Sequence[str]) -> pl.Expr:
    """The codes of a text expression; 0 for null and for what is not in `seen`."""
    return text.replace_strict({value: i for i, value in enumerate(seen)}, default=0, return_dtype=pl.Float64)


def encode_value(value: Any, name: str, categories: Categories) -> float:
    """One value of a future row, as the history has it. InvalidInput for what is no number, or a text never seen."""
    if name in categories:
        if str(value) not in categories[name]:
            raise InvalidInput(
                f"A future {name} must be one of the values seen before",
                got=repr(value),
                fix=nearest(str(value), categories[name]),
            )
        return float(categories[name].index(str(value)))
    try:
        found = float(WORDS.get(value.strip().lower(), value) if isinstance(value, str) else value)
    except (TypeError, ValueError):
        found = float("nan")
    if not np.isfinite(found):
        raise InvalidInput(f"A future {name} must be a finite number", got=repr(value), fix="Correct the value.")
    return found


def is_level(stated: F32) -> bool:
    """Whether a covariate measures something (a price) rather than saying yes or no (a promotion)."""
    return not bool(np.isin(stated, (0.0, 1.0)).all())


def carry(values: F32, stated: Flags) -> F32:
    """`values` [S, T] with the last stated value of each series carried over what is not stated.

    Before its first stated value a series has that one; without any it has 0.
    """
    if stated.all():
        return values
    days = np.arange(values.shape[1])
    last = np.maximum.accumulate(np.where(stated, days, -1), axis=1)
    source = np.where(last >= 0, last, stated.argmax(axis=1, keepdims=True))
    carried = np.take_along_axis(values, source, axis=1)
    return np.where(stated.any(axis=1, keepdims=True), carried, 0).astype(np.float32)
