"""What was received of a run: digests of its files, and its labels as they came. Derived: it may be deleted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from tidebook.sdk import spool

MANY_LINES = 1000  #: from which on a journal that mostly holds what is outdated is written anew


class Journal:
    """A file of lines, the later of which hold; it lies in the cache, named for the run's id."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes: dict[str, dict[str, Any]] = {}
        self._read()

    def note(self, path: str, digest: str, stamp: tuple[int, int] | None = None, **more: Any) -> None:
        """Notes that the file at `path` was received with this digest. With a stamp it holds only while that does."""
        value = {"path": path, "digest": digest, "stamp": list(stamp) if stamp else None, **more}
        self._notes[path] = value
        with suppress(OSError):  # Where the disk is full, the file is sent or read once more.
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, b"\n" + orjson.dumps({"format_version": 1, **value}))
            finally:
                os.close(handle)

    def received(self, path: str) -> Mapping[str, Any]:
        """What was noted last of a file."""
        return self._notes.get(path, {})

    def digests(self, folder: Path) -> dict[str, str]:
        """The digests of all files of the run that go whole: as noted, else from their content.

        Labels and metadata are kept otherwise than they came; for them it is the digest of what came.
        """
        result = {}
        for found in spool.contents(folder) + spool.records(folder):
            noted = self.received(found.path)
            if found.path in spool.MERGED or noted.get("stamp") == [found.size, found.changed]:
                digest = noted.get("digest")
            else:
                with spool.opened(folder, found.path) as file:
                    digest = spool.digest_file(file) if file else None
                if digest:
                    self.note(found.path, digest, (found.size, found.changed))
            if isinstance(digest, str):
                result[found.path] = digest
        return result

    def _read(self) -> None:
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError:
            return
        for line in lines:
            with suppress(orjson.JSONDecodeError, TypeError, KeyError):
                value = orjson.loads(line)
                self._notes[value["path"]] = value
        if len(lines) > max(MANY_LINES, 4 * len(self._notes)):
            with suppress(OSError):
                fresh = self._path.with_suffix(".fresh")
                fresh.write_bytes(b"\n".join(orjson.dumps(value) for value in self._notes.values()))
                fresh.replace(self._path)
