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
        hashes = (
            self._rows.select(pl.struct(pl.all()).hash().alias("row")).collect(engine="streaming")["row"].to_numpy()
        )
        return f"blake3:{blake3(hashes.tobytes()).hexdigest()}"


def _from_pandas(frame: Any) -> pl.DataFrame:
    twice = [str(name) for name, count in Counter(frame.columns).items() if count > 1]
    if twice:
        raise DataFault(
            "Every column must have a name of its own", got=f"{twice[0]!r} more than once", fix="Rename or remove one."
        )
    try:
        converted: pl.DataFrame = pl.from_pandas(frame)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:  # pyarrow's errors are among these
        raise DataFault(
            "A column of a pandas frame must hold values of one kind",
            got=str(error).splitlines()[0],
            fix="Convert the column with astype(…) first.",
        ) from error
    return converted
