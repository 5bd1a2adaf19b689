"""A CSV file. Every cell is text until its meaning is known, so that leading zeros live."""

from __future__ import annotations

import codecs
import csv
import shutil
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import polars as pl

from tidebook.core.errors import DataFault
from tidebook.data.sources import fingerprint
from tidebook.data.sources.copies import copy_of

LONGEST_LINE = 2**20  #: bytes
ENCODINGS = ("utf-8", "gb18030")
DELIMITERS = ",;\t|"


class CsvSource:
    """The rows of a CSV file in UTF-8 or GB18030, delimited by comma, semicolon, tab or bar."""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self._path = path
        self._given = encoding

    def scan(self) -> pl.LazyFrame:
        """The rows, all columns text. DataFault for a broken header or row, an overlong line, bytes of no encoding."""
        self._check_lines()
        return pl.scan_parquet(copy_of(self._path, self._encoding, self._parse), glob=False)

    def fingerprint(self) -> str:
        """Changes when the file does."""
        return fingerprint.of_file(self._path)

    def _parse(self, copy: Path) -> None:
        """Writes the rows to `copy` as Parquet, a part at a time."""
        header = self._header
        delimiter = max(DELIMITERS, key=lambda one: len(_split(header, one)))
        names = [name.strip() or f"column_{i + 1}" for i, name in enumerate(_split(header, delimiter))]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise DataFault(
                "Every column must have a name of its own",
                got=f"{twice[0]!r} {names.count(twice[0])} times",
                fix="Rename or remove the second one.",
            )
        text = self._path
        if self._encoding != "utf-8":
            text = copy.with_suffix(".csv")
            self._recode(text)
        try:
            rows = pl.scan_csv(text, separator=delimiter, infer_schema=False, new_columns=names, glob=False)
            rows.with_columns(pl.all().str.strip_chars()).sink_parquet(copy, compression="lz4")
        except pl.exceptions.PolarsError as error:
            raise DataFault(
                "Every row of a CSV file must have the columns of its header",
                got=self._ragged(delimiter, len(names)) or f"{self._path.name}: {str(error).splitlines()[0]}",
                fix="Mend the row, or export the file again.",
            ) from error
        finally:
            if text != self._path:
                text.unlink(missing_ok=True)

    def _recode(self, text: Path) -> None:
        """Writes the file to `text` in UTF-8."""
        with (
            self._path.open(encoding=self._encoding, newline="") as old,
            text.open("w", encoding="utf-8", newline="") as new,
        ):
            shutil.copyfileobj(old, new, LONGEST_LINE)

    def _ragged(self, delimiter: str, width: int) -> str | None:
        """The first row that is wider than the header."""
        with self._path.open(encoding=self._encoding, newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            wide = next((row for row in reader if len(row) > width), None)
            return None if wide is None else f"{len(wide)} cells in line {reader.line_num}, but {width} columns"

    def _blocks(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while block := file.read(LONGEST_LINE):
                yield block

    def _check_lines(self) -> None:
        """A block without a line end is part of a line longer than any table has."""
        for number, block in enumerate(self._blocks()):
            if b"\0" in block:
                raise DataFault(
                    "A CSV file must be text",
                    got=f"zero bytes in {self._path.name}",
                    fix="Export the table as CSV in UTF-8; a renamed Excel file is none.",
                )
            if len(block) == LONGEST_LINE and b"\n" not in block:
                raise DataFault(
                    f"A line of a CSV file must be shorter than {LONGEST_LINE // 2**20} MiB",
                    got=f"a longer one near byte {number * LONGEST_LINE:,} of {self._path.name}",
                    fix="Check that it is a CSV file with line ends.",
                )

    @cached_property
    def _encoding(self) -> str:
        """The first encoding that all bytes fit."""
        for encoding in [self._given] if self._given else ENCODINGS:
            decoder = codecs.getincrementaldecoder(encoding)()
            try:
                for block in self._blocks():
                    decoder.decode(block)
            except UnicodeDecodeError:
                continue
            return encoding
        raise DataFault(
            f"A CSV file must be {self._given.upper() if self._given else 'UTF-8 or GB18030'}",
            got=f"other bytes in {self._path.name}",
            fix="Save it as UTF-8.",
        )

    @cached_property
    def _header(self) -> str:
        encoding = self._encoding
        with self._path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="\n") as file:
            header = file.readline().rstrip("\r\n")
        if not header.strip():
            raise DataFault(
                "A CSV file must have a header line",
                got=f"{'an empty line' if self._path.stat().st_size else 'an empty file'}, {self._path.name}",
                fix="Export it again.",
            )
        return header


def _split(header: str, delimiter: str) -> list[str]:
    return next(csv.reader([header], delimiter=delimiter))
