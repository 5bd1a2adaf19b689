"""Moves whole runs to the archive, and back. Killed anywhere, a second call finishes either."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tidebook.abc import FileEntry
from tidebook.core import syncing
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, DataFault, NotFound, StorageFailure
from tidebook.core.files import check_segment, read_json, storage_errors, write_json
from tidebook.core.settings import Settings
from tidebook.records import labels
from tidebook.runs.delete import is_live
from tidebook.runs.liveness import HEARTBEAT
from tidebook.runs.record import DELETED, describe, is_run
from tidebook.store import packing
from tidebook.store.archiving import RECORD, is_whole
from tidebook.store.copying import digest, moment
from tidebook.store.packing import Packed
from tidebook.store.place import Place

KIND = "run"
REASON = "archived"


def archive_run(settings: Settings, name: str, *, by: str | None) -> dict[str, Any]:
    """Moves a run that has ended to the archive: the folder keeps archived.json alone. Returns its content.

    NotFound where there is no such run, Conflict while a process writes it or where it changes meanwhile.
    """
    folder = settings.out / check_segment(name, "A run's name")
    record = archived_run(folder)
    if record is None or not (folder / DELETED).exists():  # Without the tombstone it was not archived yet.
        if not is_run(folder):
            raise NotFound("The run must exist", got=name, fix="It may have been deleted.")
        described = describe(folder)
        if is_live(described):
            raise Conflict("A run must have ended to be archived", got=name, fix="Wait until it ends.")
        entries = _entries(folder)
        place = Place(settings.archive_place)
        with tempfile.TemporaryDirectory(dir=_room(settings)) as room:
            target = Path(room, "packed")
            packed = packing.pack({entry.path: folder / entry.path for entry in entries}, entries, target)
            url = place.put(KIND, name, target, packed, entries)
        if _entries(folder) != entries or is_live(describe(folder)):
            raise Conflict("A run must stay as it is while it is archived", got=name, fix="Try again.")
        marked = labels.read(folder)
        write_json(
            folder / RECORD,
            {
                "format_version": 1,
                "url": url,
                "digest": packed.digest,
                "bytes": packed.bytes,
                "original_bytes": sum(entry.size for entry in entries),
                "archived_at": timestamp(),
                "by": by,
                "files": [asdict(entry) for entry in entries],
                "summary": {
                    "project": marked.project,
                    "owner": marked.owner,
                    "description": described.get("description") or described["model_type"],
                },
            },
        )
        record = read_json(folder / RECORD)
        # The tombstone makes it no run any more; with the record beside it, it is one in the archive.
        tombstone = {"format_version": 1, "deleted_at": timestamp(), "reason": REASON, "id": described.get("id")}
        write_json(folder / DELETED, tombstone)
    with storage_errors(folder):
        for path in folder.iterdir():
            if path.name not in {DELETED, RECORD}:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)
    return dict(record)


def restore_run(settings: Settings, name: str) -> bool:
    """Brings a run back from the archive; False where it was not archived. Errors as of forecasts."""
    folder = settings.out / check_segment(name, "A run's name")
    record = archived_run(folder)
    if record is None:
        return False
    place = Place(settings.archive_place)
    if (folder / DELETED).exists():
        entries = _recorded(record, name)
        with tempfile.TemporaryDirectory(dir=_room(settings)) as room:
            with place.opened(KIND, name) as stream:
                packed = Packed(record["digest"], record["bytes"])
                packing.unpack(stream, packed, entries, Path(room, "files"), name)
            with storage_errors(folder):
                for entry in entries:
                    target = folder / entry.path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(Path(room, "files", entry.path), target)
                    syncing.written(str(target))
        syncing.flush()
        (folder / DELETED).unlink(missing_ok=True)  # From here on it is here again.
    with suppress(StorageFailure):
        place.remove(KIND, name)
    (folder / RECORD).unlink(missing_ok=True)
    return True


def archived_run(folder: Path) -> dict[str, Any] | None:
    """What stands in for a run in the archive; None where it is not there. DataFault where it is damaged."""
    if not (folder / RECORD).is_file():
        return None
    with suppress(NotFound):
        record = read_json(folder / RECORD)
        if isinstance(record, dict) and is_whole(record, files=False) and isinstance(record.get("files"), list):
            return record
    raise DataFault(
        f"{RECORD} must say what was archived",
        got=f"something else in {folder.name}",
        fix="Bring it back from a backup.",
    )


def _recorded(record: dict[str, Any], name: str) -> list[FileEntry]:
    try:
        return [FileEntry(**entry) for entry in record["files"]]
    except TypeError as error:
        raise DataFault(
            f"{RECORD} must say what was archived", got=f"something else in {name}", fix="Bring it back from a backup."
        ) from error


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


def _room(settings: Settings) -> Path:
    room = settings.cache / "archiving"
    with storage_errors(room):
        room.mkdir(parents=True, exist_ok=True)
    return room
