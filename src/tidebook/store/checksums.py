"""MD5 checksums, as other programs compare files by, made in one read with our digest and kept by it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from blake3 import blake3

from tidebook.abc import FileEntry, Tree
from tidebook.core.errors import NotFound, StorageFailure
from tidebook.core.files import read_json, write_json
from tidebook.store.trees.local import Folder

MOST = 500_000  #: that are kept; the oldest go first


class Checksums:
    """The MD5 of content by its digest, kept in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = self._read()
        self._new: dict[str, str] = {}

    def made(self, pieces: Iterable[bytes]) -> tuple[str, str]:
        """Digest and MD5 of content that is read once."""
        hasher, md5 = blake3(), _md5()
        for piece in pieces:
            hasher.update(piece)
            md5.update(piece)
        digest = f"blake3:{hasher.hexdigest()}"
        self._known[digest] = self._new[digest] = md5.hexdigest()
        return digest, md5.hexdigest()

    def of(self, tree: Tree, entries: Iterable[FileEntry]) -> tuple[list[str], dict[str, FileEntry]]:
        """The MD5 of each of a tree's files, and the entries of those whose digest nobody knew."""
        sums, learned = [], {}
        for entry in entries:
            md5 = self._known.get(entry.digest)
            if md5 is None:
                digest, md5 = self.made(tree.read(entry.path))
                if not entry.digest:
                    learned[entry.path] = replace(entry, digest=digest)
            sums.append(md5)
        self.save()
        return sums, learned

    def learn(self, pairs: Iterable[tuple[str, str | None]]) -> None:
        """Keeps the MD5 (None: not known) of the content of each digest."""
        self._new |= {digest: md5 for digest, md5 in pairs if md5 is not None}
        self._known |= self._new
        self.save()

    def save(self) -> None:
        """Writes down what is new; that it cannot be kept is no error."""
        if not self._new:
            return
        merged = {**self._read(), **self._new}
        try:
            write_json(self._path, {"format_version": 1, "md5": dict(list(merged.items())[-MOST:])}, later=True)
        except (StorageFailure, OSError):
            return
        self._new = {}

    def _read(self) -> dict[str, str]:
        try:
            value = read_json(self._path)
        except (NotFound, OSError):
            return {}
        known = value.get("md5") if isinstance(value, dict) else None
        return {str(key): str(md5) for key, md5 in known.items()} if isinstance(known, dict) else {}


class Summing(Folder):
    """A folder whose files are summed when they are read from their begin to their end."""

    def __init__(self, source: Folder) -> None:
        super().__init__(source.root, source.only)
        self.sums: dict[str, str] = {}  #: MD5 by path

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The content from byte `start` on."""
        pieces = super().read(path, start)
        return pieces if start or path in self.sums else self._summed(path, pieces)

    def _summed(self, path: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        md5 = _md5()
        for piece in pieces:
            md5.update(piece)
            yield piece
        self.sums[path] = md5.hexdigest()


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)
