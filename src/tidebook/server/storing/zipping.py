"""A zip that is made while it is sent."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, cast

PIECE = 1 << 20
STORED = frozenset({".pth", ".png", ".parquet", ".zip", ".gz", ".zst"})  #: endings of what is compressed already


def zipped(files: Iterable[tuple[str, int, str]], opened: Callable[[str], Path]) -> Iterator[bytes]:
    """The zip of the files, each a path, a size and a time; `opened` gives the local file of a path."""
    sink = _Sink()
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path, size, mtime in files:
            info = zipfile.ZipInfo(path, _moment(mtime))
            info.compress_type = zipfile.ZIP_STORED if Path(path).suffix in STORED else zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with opened(path).open("rb") as reader, archive.open(info, "w", force_zip64=size >= 1 << 31) as writer:
                while piece := reader.read(PIECE):
                    writer.write(piece)
                    yield from sink.taken(PIECE)
    yield from sink.taken(1)


class _Sink:
    """Takes what is written until it is sent on; nobody can go back in it."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        """Adds to it."""
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self, least: int) -> Iterator[bytes]:
        """What has gathered, if it is at least so much."""
        if len(self._waiting) >= least:
            yield bytes(self._waiting)
            self._waiting.clear()


def _moment(mtime: str) -> tuple[int, int, int, int, int, int]:
    """The time as a zip has it, which knows years from 1980 to 2107."""
    try:
        when = datetime.fromisoformat(mtime)
    except ValueError:  # Written by another program.
        return 1980, 1, 1, 0, 0, 0
    year = min(max(when.year, 1980), 2107)
    return year, when.month, when.day, when.hour, when.minute, when.second
