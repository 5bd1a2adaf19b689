"""Faults that only show while rows are read, as errors for people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from tidebook.core.errors import DataFault


@contextmanager
def reading() -> Iterator[None]:
    """Turns a fault that Polars meets in the rows (a damaged block, a ragged line) into a DataFault."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataFault(
            "Every row of a table must be readable",
            got=str(error).splitlines()[0].rstrip("."),
            fix="The file is damaged or cut: export or copy it again.",
        ) from error
