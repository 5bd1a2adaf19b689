"""Whole runs in the archive: of the folder a tombstone stays, and the record of what was archived."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tidebook.abc import FileEntry
from tidebook.core import syncing
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, DataFault, NotFound
from tidebook.core.files import check_segment, read_json, storage_errors, write_json
from tidebook.core.settings import Settings
from tidebook.records import labels
from tidebook.runs.delete import delete_run, is_live
from tidebook.runs.liveness import HEARTBEAT
from tidebook.runs.record import DELETED, describe, is_run
from tidebook.store import shelving
from tidebook.store.archiving import RECORD
from tidebook.store.copying import digest, moment
from tidebook.store.place import Place
from tidebook.store.shelving import Thing
from tidebook.store.workspace import workspace

REASON = "archived"


class Run(Thing):
    """A run that has ended."""

    kind = "run"

    def __init__(self, settings: Settings, name: str) -> None:
        self.name = check_segment(name, "A run's name")
        self._folder, self._cache = settings.out / name, settings.cache

    def alone(self) -> AbstractContextManager[Path]:
        """See `Thing`."""
        return workspace(self._cache / "archiving", f"run {self.name}")

    def record(self) -> dict[str, Any] | None:
        """See `Thing`."""
        return archived_run(self._folder)

    def is_here(self) -> bool:
        """See `Thing`."""
        return not (self._folder / DELETED).exists() and is_run(self._folder)

    def check(self) -> None:
        """See `Thing`."""
        if self.is_here():
            return
        if self.record() is not None:
            return  # In the archive.
        if (self._folder / DELETED).exists():
            delete_run(self._folder)  # What was just put here goes, too.
        raise NotFound("The run must exist", got=self.name, fix="It may have been deleted.")

    def entries(self) -> list[FileEntry]:
        """See `Thing`."""
        if not is_run(self._folder):
            raise NotFound("The run must exist", got=self.name, fix="It may have been deleted.")
        if is_live(describe(self._folder)):
            raise Conflict("A run must have ended to be archived", got=self.name, fix="Wait until it ends.")
        return _entries(self._folder)

    def file(self, path: str) -> Path:
        """See `Thing`."""
        return self._folder / path

    def described(self, entries: Sequence[FileEntry]) -> dict[str, Any]:
        """See `Thing`."""
        marked, said = labels.read(self._folder), describe(self._folder)
        description = said.get("description") or said["model_type"]
        return {
            "files": [asdict(entry) for entry in entries],
            "summary": {"project": marked.project, "owner": marked.owner, "description": description},
        }

    def away(self, record: dict[str, Any]) -> list[FileEntry]:
        """See `Thing`."""
        try:
            return [FileEntry(**entry) for entry in record["files"]]
        except TypeError:
            raise _damaged(self._folder) from None

    def begin(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """See `Thing`."""
        described = describe(self._folder)
        if self.away(record) != _entries(self._folder) or is_live(described):
            return None
        write_json(self._folder / RECORD, record)
        # The tombstone makes it no run any more; with the record beside it, it is one in the archive.
        tombstone = {"format_version": 1, "deleted_at": timestamp(), "reason": REASON, "id": described.get("id")}
        write_json(self._folder / DELETED, tombstone)
        return self.record()

    def left(self, record: dict[str, Any]) -> list[str]:
        """See `Thing`."""
        return sorted(path.name for path in self._folder.iterdir() if path.name not in {DELETED, RECORD})

    def clear(self, record: dict[str, Any]) -> dict[str, Any]:
        """See `Thing`."""
        with storage_errors(self._folder):
            for name in self.left(record):
                path = self._folder / name
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
        return record

    def put(self, entries: Sequence[FileEntry], folder: Path) -> None:
        """See `Thing`."""
        with storage_errors(self._folder):
            for entry in entries:
                target = self._folder / entry.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.move(folder / entry.path, target)
                syncing.written(str(target))

    def is_whole(self, entries: Sequence[FileEntry]) -> bool:
        """See `Thing`."""
        files = ((self._folder / entry.path, entry) for entry in entries)
        return all(path.is_file() and digest(path) == entry.digest for path, entry in files)

    def end(self, record: dict[str, Any]) -> bool:
        """See `Thing`."""
        (self._folder / DELETED).unlink(missing_ok=True)  # From here on it is here again.
        (self._folder / RECORD).unlink(missing_ok=True)
        return True


def archive_run(settings: Settings, name: str, *, by: str | None) -> dict[str, Any]:
    """Moves a run that has ended to the archive; returns archived.json. See `shelving.shelve`."""
    return shelving.shelve(Run(settings, name), Place.of(settings), by=by)


def restore_run(settings: Settings, name: str) -> bool:
    """Brings a run back from the archive; False where it was not archived. See `shelving.fetch`."""
    return shelving.fetch(Run(settings, name), Place.of(settings))


def finish_run(settings: Settings, name: str) -> bool:
    """Removes what is left of a run that was deleted or archived; False for one that was not."""
    folder = settings.out / check_segment(name, "A run's name")
    if not (folder / DELETED).exists():
        return False
    if archived_run(folder) is None:
        _finish_deletion(settings, name)
    else:
        shelving.settle(Run(settings, name), Place.of(settings))
    return True


def archived_run(folder: Path) -> dict[str, Any] | None:
    """What stands in for a run in the archive; None where it is not there. DataFault where it is damaged."""
    if not (folder / RECORD).is_file():
        return None
    try:
        record = read_json(folder / RECORD)
    except NotFound:
        if not (folder / RECORD).is_file():
            return None  # Brought back at this moment.
        record = None
    if isinstance(record, dict) and shelving.is_record(record) and isinstance(record.get("files"), list):
        return record
    raise _damaged(folder)


def _finish_deletion(settings: Settings, name: str) -> None:
    """Under the lock: a run that comes back from the archive at this moment was not deleted."""
    folder = settings.out / name
    with shelving.waiting(Run(settings, name)):
        if (folder / DELETED).exists() and archived_run(folder) is None:
            delete_run(folder)


def _damaged(folder: Path) -> DataFault:
    return DataFault(
        f"{RECORD} must say what was archived",
        got=f"something else in {folder.name}",
        fix="Bring it back from a backup.",
    )


def _entries(folder: Path) -> list[FileEntry]:
    found = []
    for path in _files(folder):
        facts = path.stat()
        name = path.relative_to(folder).as_posix()
        found.append(FileEntry(name, facts.st_size, moment(facts.st_mtime_ns), digest(path)))
    return found


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(folders)
        for name in sorted(names):
            path = Path(parent, name)
            if path not in {folder / HEARTBEAT, folder / RECORD} and stat.S_ISREG(path.lstat().st_mode):
                yield path
