"""A CSV file. Every cell is text until its meaning is known, so that leading zeros live."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from functools import cached_property
from pathlib import Path

import polars as pl

from tidebook.core.errors import DataFault
from tidebook.data.sources import fingerprint
from tidebook.data.sources.transcode import as_utf8

LONGEST_LINE = 2**20  #: bytes
ENCODINGS = ("utf-8", "gb18030")
DELIMITERS = ",;\t|"


class CsvSource:
    """The rows of a CSV file in UTF-8 or GB18030, delimited by comma, semicolon, tab or bar."""

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self._path = path
        self._given = encoding

    def scan(self) -> pl.LazyFrame:
        """The rows, all columns text. DataFault for a broken header, an overlong line, or bytes of no encoding."""
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
        path = self._path if self._encoding == "utf-8" else as_utf8(self._path, self._encoding)
        rows = pl.scan_csv(path, separator=delimiter, infer_schema=False, new_columns=names, glob=False)
        return rows.with_columns(pl.all().str.strip_chars())

    def fingerprint(self) -> str:
        """Changes when the file does."""
        return fingerprint.of_file(self._path)

    @cached_property
    def _encoding(self) -> str:
        """The encoding of all bytes: the first one that they all fit. Reads the file once, a line's worth at a time."""
        decoders = {
            name: codecs.getincrementaldecoder(name)() for name in ([self._given] if self._given else ENCODINGS)
        }
        with self._path.open("rb") as file:
            while block := file.read(LONGEST_LINE):
                self._check_block(block, file.tell() - len(block))
                for name in list(decoders):
                    try:
                        decoders[name].decode(block)
                    except UnicodeDecodeError:
                        del decoders[name]
                if not decoders:
                    break
        if not decoders:
            raise DataFault(
                f"A CSV file must be {self._given.upper() if self._given else 'UTF-8 or GB18030'}",
                got=f"other bytes in {self._path.name}",
                fix="Save it as UTF-8.",
            )
        return next(iter(decoders))

    def _check_block(self, block: bytes, offset: int) -> None:
        """A block without a line end is part of a line longer than any table has."""
        if b"\0" in block:
            raise DataFault(
                "A CSV file must be text",
                got=f"zero bytes in {self._path.name}",
                fix="Export the table as CSV in UTF-8; a renamed Excel file is none.",
            )
        if len(block) == LONGEST_LINE and b"\n" not in block:
            raise DataFault(
                f"A line of a CSV file must be shorter than {LONGEST_LINE // 2**20} MiB",
                got=f"a longer one near byte {offset:,} of {self._path.name}",
                fix="Check that it is a CSV file with line ends.",
            )

    @cached_property
    def _header(self) -> str:
        encoding = self._encoding
        with self._path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="\n") as file:
            header = file.readline().rstrip("\r\n")
        if not header.strip():
            raise DataFault(
                "A CSV file must have a header line",
                got=f"{'an empty file' if not self._path.stat().st_size else 'an empty line'}, {self._path.name}",
                fix="Export it again.",
            )
        return header


def _split(header: str, delimiter: str) -> list[str]:
    return next(csv.reader([header], delimiter=delimiter))
