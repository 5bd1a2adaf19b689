"""Covariates as numbers: numbers stay, text becomes codes, and a future row is read like the past.

The code of a text is its place in a list that begins with the most frequent one, so 0 is the ordinary day: what a
null and a day without a row count as. Where empty cells outnumber every text the list begins with "", which stands for
them. A text that was never seen gets the code after the last, a bucket of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from tidebook.core.arrays import F32
from tidebook.core.errors import InvalidInput

Categories = dict[str, tuple[str, ...]]  #: of each text covariate its texts; the code is the position

MISSING = ("", "na", "n/a", "nan", "null", "-")  #: how tables say that there is no number
WORDS = {"true": "1", "false": "0"}
BLOCK = 512  #: series worked on at once, so that large panels need little beside themselves


def number(text: pl.Expr) -> pl.Expr:
    """The numbers that a text expression writes, null where it writes none."""
    plain = text.str.strip_chars().str.to_lowercase()
    return plain.replace(WORDS).cast(pl.Float64, strict=False)


def is_no_number(text: pl.Expr) -> pl.Expr:
    """Where a text expression says something that is not a number."""
    return text.is_not_null() & ~text.str.strip_chars().str.to_lowercase().is_in(MISSING) & number(text).is_null()


def code(text: pl.Expr, seen: Sequence[str]) -> pl.Expr:
    """The codes of a text expression; null where it is null or empty, len(seen) for what is not in `seen`."""
    place = text.cast(pl.Enum(list(seen)), strict=False).to_physical().cast(pl.Float64)
    return pl.when(text != "").then(place.fill_null(len(seen)))


def encode_value(value: Any, name: str, categories: Categories) -> float:
    """One value of a future row, as the history has it. InvalidInput for NaN, and for what should be a number."""
    if name in categories:
        if isinstance(value, float) and math.isnan(value):
            raise InvalidInput(f"A future {name} must be a text", got="NaN", fix="Leave it out, or write one.")
        text, seen = str(value), categories[name]
        return float(seen.index(text) if text in seen else len(seen) if text else 0)
    try:
        found = float(WORDS.get(value.strip().lower(), value) if isinstance(value, str) else value)
    except (TypeError, ValueError):
        found = float("nan")
    if not np.isfinite(found):
        raise InvalidInput(f"A future {name} must be a finite number", got=repr(value), fix="Correct the value.")
    return found


def is_level(values: F32) -> bool:
    """Whether a covariate [S, T] measures something (a price) rather than saying yes or no (a promotion)."""
    return any(
        bool(((part != 0) & (part != 1) & np.isfinite(part)).any())
        for part in (values[first : first + BLOCK] for first in range(0, len(values), BLOCK))
    )


def carry(values: F32) -> None:
    """Puts the last stated value of each series of `values` [S, T] in place of NaN, which says that nothing is stated.

    Before its first stated value a series has that one; without any it has 0.
    """
    days = np.arange(values.shape[1], dtype=np.int32)
    gappy = np.nonzero(np.isnan(values).any(axis=1))[0]
    for first in range(0, len(gappy), BLOCK):
        rows = gappy[first : first + BLOCK]
        part = values[rows]
        stated = np.isfinite(part)
        last = np.maximum.accumulate(np.where(stated, days, np.int32(-1)), axis=1)
        source = np.where(last >= 0, last, stated.argmax(axis=1, keepdims=True))
        values[rows] = np.nan_to_num(np.take_along_axis(part, source, axis=1))
