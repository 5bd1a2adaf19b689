"""Many small files in one stream: for each a length, a header of that length as JSON, and the content; last a zero."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import asdict

import orjson

from tidebook.abc import FileEntry
from tidebook.core.errors import InvalidInput

SMALL = 1 << 20  #: bytes up to which a file goes in a bundle
MOST_FILES = 2000  #: of a bundle
MOST_BYTES = 32 << 20  #: of the contents of a bundle
END = bytes(4)
_LENGTH = struct.Struct(">I")
_MOST_HEADER = 64 << 10
_KINDS = {"path": str, "size": int, "mtime": str, "digest": str}


def packed(files: Iterable[tuple[FileEntry, bytes]]) -> Iterator[bytes]:
    """The stream; a file's size is that of its content."""
    for entry, content in files:
        header = orjson.dumps({**asdict(entry), "size": len(content)})
        yield _LENGTH.pack(len(header)) + header + content
    yield END


class Unpacking:
    """Takes a stream in pieces of any length and gives the files that are whole."""

    def __init__(self) -> None:
        self.ended = False  #: whether the end of the bundle has come
        self._data = bytearray()
        self._files = 0

    def feed(self, piece: bytes) -> Iterator[tuple[FileEntry, bytes]]:
        """The files that are whole now; InvalidInput for what is no bundle, or too large."""
        self._data += piece
        while not self.ended and (found := self._next()) is not None:
            yield found
        if self.ended and self._data:
            raise _broken("bytes after its end")

    def _next(self) -> tuple[FileEntry, bytes] | None:
        if len(self._data) < _LENGTH.size:
            return None
        length = _LENGTH.unpack_from(self._data)[0]
        if length == 0:
            del self._data[: _LENGTH.size]
            self.ended = True
            return None
        if length > _MOST_HEADER:
            raise _broken("a header that is too long")
        begin = _LENGTH.size + length
        if len(self._data) < begin:
            return None
        entry = entry_of(_json(bytes(self._data[_LENGTH.size : begin])))
        if entry.size > SMALL:
            raise _broken(f"a file of {entry.size:,} bytes")
        if len(self._data) < begin + entry.size:
            return None
        self._files += 1
        if self._files > MOST_FILES:
            raise _broken("too many files")
        content = bytes(self._data[begin : begin + entry.size])
        del self._data[: begin + entry.size]
        return entry, content


def groups(entries: Iterable[FileEntry]) -> Iterator[list[FileEntry]]:
    """The entries in groups that each fit one bundle."""
    group: list[FileEntry] = []
    size = 0
    for entry in entries:
        if group and (len(group) == MOST_FILES or size + entry.size > MOST_BYTES):
            yield group
            group, size = [], 0
        group.append(entry)
        size += entry.size
    if group:
        yield group


def entry_of(value: object) -> FileEntry:
    """The entry that a JSON object says; InvalidInput for anything else."""
    if not isinstance(value, dict) or not all(
        isinstance(value.get(name), kind) and not isinstance(value.get(name), bool) for name, kind in _KINDS.items()
    ):
        raise _broken("a header that does not say path, size, mtime and digest")
    if value["size"] < 0:
        raise _broken("a size below 0")
    return FileEntry(**{name: value[name] for name in _KINDS})


def _json(text: bytes) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _broken("a header that is no JSON") from error


def _broken(got: str) -> InvalidInput:
    return InvalidInput(
        f"A bundle must hold at most {MOST_FILES:,} files of at most {SMALL:,} bytes, each after its header",
        got=got,
        fix="Send larger files by themselves.",
    )
