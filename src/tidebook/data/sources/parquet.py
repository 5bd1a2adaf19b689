"""A Parquet file."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tidebook.core.errors import DataFault
from tidebook.data.sources import fingerprint

MAGIC = b"PAR1"


class ParquetSource:
    """The rows of a Parquet file, read column by column when they are needed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def scan(self) -> pl.LazyFrame:
        """The rows. DataFault where the file is not Parquet, cut short, or names a column twice."""
        size = self._path.stat().st_size
        with self._path.open("rb") as file:
            first = file.read(4)
            file.seek(max(0, size - 4))
            last = file.read(4)
        if first != MAGIC:
            raise DataFault(
                "A .parquet file must be Parquet and begin with PAR1",
                got=f"{first!r} in {self._path.name}" if size else f"an empty file, {self._path.name}",
                fix="Export it as Parquet again, or name it .csv if that is what it is.",
            )
        if size < 12 or last != MAGIC:
            raise DataFault(
                "A Parquet file must be whole and end with PAR1",
                got=f"{self._path.name}, {size:,} bytes, cut short",
                fix="Copy or download it again.",
            )
        try:
            rows = pl.scan_parquet(self._path, glob=False)
            rows.collect_schema()
        except pl.exceptions.DuplicateError as error:
            raise DataFault(
                "Every column must have a name of its own",
                got=str(error).splitlines()[0],
                fix="Rename or remove the second one.",
            ) from error
        except (pl.exceptions.PolarsError, OSError) as error:
            raise DataFault(
                "A Parquet file must be readable",
                got=f"{self._path.name}: {str(error).splitlines()[0]}",
                fix="Export it again.",
            ) from error
        return rows

    def fingerprint(self) -> str:
        """Changes when the file does."""
        return fingerprint.of_file(self._path)
