"""The first rows of any Parquet file, to be looked at."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from tidebook.core.errors import DataFault

MAX_COLUMNS = 100
MAX_CELL = 200  #: characters


def head(path: Path, limit: int) -> dict[str, Any]:
    """`columns`, at most `limit` `rows` and whether that is not all; DataFault where it is no Parquet file."""
    import polars as pl

    try:
        lazy = pl.scan_parquet(path, glob=False)
        names = lazy.collect_schema().names()
        shown = names[:MAX_COLUMNS]
        frame = lazy.select(shown).head(limit + 1).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataFault(
            "A table must be a Parquet file that can be read",
            got=f"{path.name} ({str(error)[:200]})",
            fix="Download it and see what it is.",
        ) from error
    rows = [[_cell(value) for value in row] for row in frame.head(limit).iter_rows()]
    return {"columns": shown, "rows": rows, "truncated": frame.height > limit or len(names) > len(shown)}


def _cell(value: object) -> Any:
    """A value as JSON has it; text is cut, and what JSON has not is shown as text."""
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 1 << 53):
        return value
    text = value.isoformat() if isinstance(value, datetime | date) else str(value)
    return text if len(text) <= MAX_CELL else f"{text[:MAX_CELL]}…"
