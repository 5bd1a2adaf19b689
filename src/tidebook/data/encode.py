"""Covariates as numbers: numbers stay, text becomes the position in a sorted list of what was seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tidebook.core.arrays import F32
from tidebook.core.errors import InvalidInput, nearest

Categories = dict[str, tuple[str, ...]]


def encode(values: pl.Series, name: str, categories: Categories) -> F32:
    """[N] float32. Text whose every cell is a number counts as numbers; other text gets codes from 1, null is 0.

    The list of a text covariate is put into `categories`.
    """
    if values.dtype == pl.String:
        numbers = values.cast(pl.Float64, strict=False)
        if numbers.null_count() > values.null_count():
            seen = tuple(sorted(values.drop_nulls().unique().to_list()))
            categories[name] = seen
            codes = values.replace_strict(
                {text: i + 1 for i, text in enumerate(seen)}, default=0, return_dtype=pl.Float32
            )
            return codes.fill_null(0).to_numpy()
        values = numbers
    return values.cast(pl.Float32).fill_nan(None).fill_null(0.0).to_numpy()


def encode_value(value: Any, name: str, categories: Categories) -> float:
    """One value of a future row, as `encode` has it. InvalidInput for what is no number, or a text never seen."""
    if name in categories:
        if str(value) not in categories[name]:
            raise InvalidInput(
                f"A future {name} must be one of the values seen before",
                got=repr(value),
                fix=nearest(str(value), categories[name]),
            )
        return float(categories[name].index(str(value)) + 1)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not np.isfinite(number):
        raise InvalidInput(f"A future {name} must be a finite number", got=repr(value), fix="Correct the value.")
    return number
