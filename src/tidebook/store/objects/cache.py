"""Local copies of files of complete trees, each verified, together bounded in size."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from tidebook.abc import FileEntry, Tree
from tidebook.core.files import safe_join, storage_errors
from tidebook.store.copying import digest, receive

LIMIT = 20 << 30  #: bytes
RECENT = 3600.0  #: seconds since its last use in which a copy stays, whatever the size of all
WORKERS = 4
_USED = ".used"  #: its modification time says when a copy was used last


class Cache:
    """Copies below `folder`, which several processes may use at the same time."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder = folder
        self._limit = limit
        self._whole: set[tuple[str, int, int]] = set()  # what this process has digested: path, size, time

    def file(self, tree: Tree, made: str, entry: FileEntry) -> Path:
        """A copy of one file of a tree that was made at `made`; Conflict where the store's content is damaged."""
        return self.files(tree, made, [entry]) / entry.path

    def files(self, tree: Tree, made: str, entries: Sequence[FileEntry]) -> Path:
        """A folder with copies of these files, not to be written to."""
        folder = self.folder / hashlib.sha256(f"{tree.url}\0{made}".encode()).hexdigest()[:32]
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _USED).touch()
        missing = [entry for entry in entries if not self._has(folder, entry)]
        if len(missing) > 1:
            with ThreadPoolExecutor(WORKERS) as pool:
                list(pool.map(lambda entry: self._fetch(tree, folder, entry), missing))
        elif missing:
            self._fetch(tree, folder, missing[0])
        if missing:
            self._shrink()
        return folder

    def _has(self, folder: Path, entry: FileEntry) -> bool:
        path = safe_join(folder, entry.path)
        try:
            found = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        seen = (str(path), found.st_size, found.st_mtime_ns)
        if seen not in self._whole:
            if found.st_size != entry.size or digest(path) != entry.digest:
                return False
            self._whole.add(seen)
        return True

    def _fetch(self, tree: Tree, folder: Path, entry: FileEntry) -> None:
        path = safe_join(folder, entry.path)
        receive(lambda start: tree.read(entry.path, start), path, entry.path, entry)
        found = path.stat()
        self._whole.add((str(path), found.st_size, found.st_mtime_ns))

    def _shrink(self) -> None:
        """Removes the copies that were not used for the longest time, until the rest is within the limit."""
        copies = []
        for folder in self.folder.iterdir():
            with suppress(OSError):
                copies.append(((folder / _USED).stat().st_mtime, _size(folder), folder))
        total = sum(size for _, size, _ in copies)
        for used, size, folder in sorted(copies):
            if total <= self._limit or time.time() - used < RECENT:
                return
            shutil.rmtree(folder, ignore_errors=True)
            total -= size


def _size(folder: Path) -> int:
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += (Path(path) / name).lstat().st_size
    return total
