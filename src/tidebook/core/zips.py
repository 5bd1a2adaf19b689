"""Zip archives that come from outside."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def reading(source: Path) -> Iterator[zipfile.ZipFile]:
    """A zip archive to be read; whatever is damaged in it raises BadZipFile, while it is opened or while it is read."""
    try:
        with zipfile.ZipFile(source) as archive:
            if any(info.header_offset < 0 for info in archive.infolist()):
                raise zipfile.BadZipFile("an entry of its directory lies before its beginning")
            yield archive
    except (EOFError, NotImplementedError, zlib.error) as error:
        raise zipfile.BadZipFile(str(error)) from error
