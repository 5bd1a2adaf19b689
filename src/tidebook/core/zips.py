"""Zip archives that come from outside."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ENCRYPTED = 1  #: the bit of an entry that says so


@contextmanager
def reading(source: Path) -> Iterator[zipfile.ZipFile]:
    """A zip archive to be read; whatever is damaged in it raises BadZipFile, while it is opened or while it is read."""
    try:
        with zipfile.ZipFile(source) as archive:
            for info in archive.infolist():
                if info.header_offset < 0 or info.flag_bits & ENCRYPTED:
                    raise zipfile.BadZipFile("an entry of its directory lies before its beginning, or is encrypted")
            yield archive
    except (EOFError, NotImplementedError, UnicodeDecodeError, lzma.LZMAError, zlib.error) as error:
        raise zipfile.BadZipFile(str(error)) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise zipfile.BadZipFile(str(error)) from error  # what bzip2 says of damaged data
