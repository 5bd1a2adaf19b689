"""A CSV file. Every cell is text until its meaning is known, so that leading zeros live."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from pathlib import Path

import polars as pl

from tidebook.core.errors import DataFault
from tidebook.data.sources import fingerprint

LONGEST_LINE = 2**20  #: bytes
SAMPLE = 2**20  #: bytes from which encoding and delimiter are told
DELIMITERS = ",;\t|"


class CsvSource:
    """The rows of a CSV file in UTF-8 or GB18030, delimited by comma, semicolon, tab or bar."""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self._path = path
        self._encoding = encoding

    def scan(self) -> pl.LazyFrame:
        """The rows, all columns text. DataFault for a broken header, an overlong line, or bytes of no encoding."""
        self._check_lines()
        with self._path.open("rb") as file:
            sample = file.read(SAMPLE)
        if not sample.strip():
            raise DataFault(
                "A CSV file must have a header line", got=f"an empty file, {self._path.name}", fix="Export it again."
            )
        encoding = self._encoding or _encoding(sample, self._path.name)
        header = _decode(sample, encoding).lstrip("\ufeff").splitlines()[0]
        delimiter = max(DELIMITERS, key=header.count)
        names = next(csv.reader([header], delimiter=delimiter))
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise DataFault(
                "Every column must have a name of its own",
                got=f"{twice[0]!r} {names.count(twice[0])} times",
                fix="Rename or remove the second one.",
            )
        options = {
            "separator": delimiter,
            "infer_schema": False,
            "null_values": ["", "NA", "N/A", "null", "NULL", "None"],
        }
        try:
            if encoding == "utf-8":
                rows = pl.scan_csv(self._path, **options)  # type: ignore[arg-type]
                rows.collect_schema()
                return rows
            return pl.read_csv(self._path, encoding=encoding, **options).lazy()  # type: ignore[arg-type]
        except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
            raise DataFault(
                "A CSV file must be readable line by line", got=f"{self._path.name}: {error}", fix="Export it again."
            ) from error

    def fingerprint(self) -> str:
        """Changes when the file does."""
        return fingerprint.of_file(self._path)

    def _check_lines(self) -> None:
        """A block without a line end is part of a line longer than any table has."""
        with self._path.open("rb") as file:
            while len(block := file.read(LONGEST_LINE)) == LONGEST_LINE:
                if b"\n" not in block and b"\r" not in block:
                    raise DataFault(
                        f"A line of a CSV file must be shorter than {LONGEST_LINE // 2**20} MiB",
                        got=f"a longer one near byte {file.tell() - LONGEST_LINE:,} of {self._path.name}",
                        fix="Check that it is a CSV file with line ends.",
                    )


def _decode(sample: bytes, encoding: str) -> str:
    """The text of a sample, whose last character may be cut."""
    return codecs.getincrementaldecoder(encoding)("strict").decode(sample)


def _encoding(sample: bytes, name: str) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            _decode(sample, encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    raise DataFault("A CSV file must be UTF-8 or GB18030", got=f"other bytes in {name}", fix="Save it as UTF-8.")
