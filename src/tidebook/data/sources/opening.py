"""The source for a path or a frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from tidebook.abc import DataSource

CSV_ENDINGS = {".csv", ".tsv", ".txt"}
PARQUET_ENDINGS = {".parquet", ".pq"}


def open_source(source: Any, encoding: str | None = None) -> DataSource:
    """The rows behind a path (Parquet or CSV, by its ending), a Polars frame, a lazy frame, or a pandas frame.

    A data source is given back as it is.
    """
    if isinstance(source, str | Path):
        return _open_file(Path(source).expanduser(), encoding)
    if callable(getattr(source, "scan", None)) and callable(getattr(source, "fingerprint", None)):
        opened: DataSource = source
        return opened
    from tidebook.data.sources.frame import FrameSource

    return FrameSource(source)


def _open_file(path: Path, encoding: str | None) -> DataSource:
    if not path.is_file():
        raise NotFound("A table must be a file", got=f"nothing at {path}", fix="Check the path.")
    ending = path.suffix.lower()
    if ending in PARQUET_ENDINGS:
        from tidebook.data.sources.parquet import ParquetSource

        return ParquetSource(path)
    if ending in CSV_ENDINGS:
        from tidebook.data.sources.csv import CsvSource

        return CsvSource(path, encoding)
    raise InvalidInput(
        "A table must be a Parquet file (.parquet) or a CSV file (.csv, .tsv, .txt)",
        got=path.name,
        fix="Save it as one of these.",
    )
