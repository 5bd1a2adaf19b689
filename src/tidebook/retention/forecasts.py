"""Moves forecasts to the archive, and back. Killed anywhere, a second call finishes either."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tidebook.abc import FileEntry
from tidebook.core.clock import timestamp
from tidebook.core.errors import DataFault, StorageFailure
from tidebook.core.files import replacing, storage_errors, write_json
from tidebook.core.settings import Settings
from tidebook.records import forecast as records
from tidebook.store import packing
from tidebook.store.archiving import is_whole
from tidebook.store.copying import digest, moment
from tidebook.store.packing import Packed
from tidebook.store.place import Place

KIND = "forecast"


def archive_forecast(settings: Settings, prediction_id: str, *, by: str | None) -> dict[str, Any]:
    """Moves a forecast to the archive; returns what stands in for it.

    It goes once it was read back whole. NotFound where there is none, StorageFailure where the archive does not take
    it; then nothing has changed.
    """
    standing = records.archived(settings, prediction_id)
    if standing is not None:
        return standing
    result = records.load(settings, prediction_id)
    file = records.path(settings, prediction_id)
    facts = file.stat()
    entry = FileEntry(file.name, facts.st_size, moment(facts.st_mtime_ns), digest(file))
    place = Place(settings.archive_place)
    with _room(settings) as folder:
        packed = packing.pack({entry.path: file}, [entry], folder / "packed")
        url = place.put(KIND, prediction_id, folder / "packed", packed, [entry])
    record = {
        "format_version": 1,
        "url": url,
        "digest": packed.digest,
        "bytes": packed.bytes,
        "original_bytes": entry.size,
        "archived_at": timestamp(),
        "by": by,
        "file": asdict(entry),
        "summary": {**records.summary(result), "is_archived": True},
    }
    write_json(records.archived_path(settings, prediction_id), record)
    file.unlink(missing_ok=True)  # From here on it is archived.
    return record


def restore_forecast(settings: Settings, prediction_id: str) -> bool:
    """Brings a forecast back from the archive; False where it was not archived.

    NotFound where the archive has lost it, DataFault where it is damaged, StorageFailure where the archive is away
    or the disk is full; then it is as archived as before.
    """
    record = records.archived(settings, prediction_id)
    file = records.path(settings, prediction_id)
    if record is not None:
        entry = _entry(record, file.name)
        place = Place(settings.archive_place)
        with _room(settings) as folder:
            with place.opened(KIND, prediction_id) as stream:
                packed = Packed(record["digest"], record["bytes"])
                packing.unpack(stream, packed, [entry], folder / "files", prediction_id)
            with replacing(file) as temporary, storage_errors(file):
                temporary.write_bytes((folder / "files" / file.name).read_bytes())  # From here on it is here again.
    elif not records.archived_path(settings, prediction_id).is_file():
        return False
    with suppress(StorageFailure):
        Place(settings.archive_place).remove(KIND, prediction_id)
    records.archived_path(settings, prediction_id).unlink(missing_ok=True)
    return record is not None


def open_forecast(settings: Settings, prediction_id: str) -> tuple[dict[str, Any], bool]:
    """The whole result, and whether it was brought back from the archive for that; NotFound where there is none."""
    restored = restore_forecast(settings, prediction_id)
    return records.load(settings, prediction_id), restored


def delete_forecast(settings: Settings, prediction_id: str) -> None:
    """Removes a forecast, wherever it is, with its chart; NotFound where there is none."""
    archived = records.archived(settings, prediction_id) is not None
    records.delete(settings, prediction_id)
    (settings.cache / "charts" / f"{prediction_id}.png").unlink(missing_ok=True)
    if archived:
        with suppress(StorageFailure):
            Place(settings.archive_place).remove(KIND, prediction_id)


def _entry(record: dict[str, Any], name: str) -> FileEntry:
    try:
        entry = FileEntry(**record["file"])
    except (KeyError, TypeError):
        entry = None
    if entry is None or entry.path != name or not is_whole(record, files=False) or type(entry.size) is not int:
        raise DataFault(
            "What stands in for an archived forecast must say what was archived",
            got=f"something else for {name}",
            fix="Bring it back from a backup.",
        )
    return entry


@contextmanager
def _room(settings: Settings) -> Iterator[Path]:
    """A folder on the disk of the home that is removed in the end."""
    below = settings.cache / "archiving"
    with storage_errors(below):
        below.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=below) as folder:
            yield Path(folder)
