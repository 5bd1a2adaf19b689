"""A zip archive from outside raises one kind of error, however it is damaged."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tidebook.core.zips import reading

CONTENT = b"x" * 5000
LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


def made(path: Path, compression: int) -> bytearray:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("model/data.pkl", CONTENT)
    return bytearray(path.read_bytes())


def content_turned_over(content: bytearray) -> None:
    start = 30 + struct.unpack("<H", content[26:28])[0]
    for place in range(start + 4, start + 14):
        content[place] ^= 0xFF


def encrypted(content: bytearray) -> None:
    content[content.find(LOCAL) + 6] |= 1
    content[content.find(CENTRAL) + 8] |= 1


def name_that_is_no_text(content: bytearray) -> None:
    start = content.find(CENTRAL)
    content[start + 9] |= 8
    content[start + 46] = 0xFF


def of_a_newer_kind(content: bytearray) -> None:
    content[content.find(CENTRAL) + 6] = 99


def entry_behind_the_end(content: bytearray) -> None:
    start = content.find(CENTRAL) + 42
    content[start : start + 4] = struct.pack("<I", 2**31)


def directory_behind_the_end(content: bytearray) -> None:
    content[-5] ^= 0xFF


def cut(content: bytearray) -> None:
    del content[40:60]


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize(
    "damage",
    [
        content_turned_over,
        encrypted,
        name_that_is_no_text,
        of_a_newer_kind,
        entry_behind_the_end,
        directory_behind_the_end,
        cut,
    ],
)
def test_whatever_is_damaged_is_a_bad_zip(
    tmp_path: Path, compression: int, damage: Callable[[bytearray], None]
) -> None:
    path = tmp_path / "model.zip"
    content = made(path, compression)
    with reading(path) as archive:
        assert archive.read("model/data.pkl") == CONTENT
    damage(content)
    path.write_bytes(content)
    with pytest.raises(zipfile.BadZipFile), reading(path) as archive:
        archive.read(archive.infolist()[0])
