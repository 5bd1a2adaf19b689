"""A data frame in memory."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
from blake3 import blake3

from tidebook.core.errors import DataFault, InvalidInput


class FrameSource:
    """The rows of a Polars frame, a lazy frame, or a pandas frame."""

    def __init__(self, frame: Any) -> None:
        if isinstance(frame, pl.LazyFrame):
            self._rows = frame
        elif isinstance(frame, pl.DataFrame):
            self._rows = frame.lazy()
        elif type(frame).__module__.startswith("pandas") and hasattr(frame, "columns"):
            self._rows = _from_pandas(frame).lazy()
        else:
            raise InvalidInput(
                "Data must be a path, a dataset's id, or a Polars or pandas frame",
                got=type(frame).__name__,
                fix="Wrap it in polars.DataFrame(…).",
            )

    def scan(self) -> pl.LazyFrame:
        """The rows."""
        return self._rows

    def fingerprint(self) -> str:
        """A digest of all values."""
        hashes = self._rows.collect().hash_rows(seed=0).to_numpy()
        return f"blake3:{blake3(hashes.tobytes()).hexdigest()}"


def _from_pandas(frame: Any) -> pl.DataFrame:
    twice = [str(name) for name, count in Counter(frame.columns).items() if count > 1]
    if twice:
        raise DataFault(
            "Every column must have a name of its own", got=f"{twice[0]!r} more than once", fix="Rename or remove one."
        )
    converted: pl.DataFrame = pl.from_pandas(frame)
    return converted
