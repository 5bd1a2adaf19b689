"""Forecasts in the archive: a small file with a summary stands in for each."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tidebook.abc import FileEntry
from tidebook.core import syncing
from tidebook.core.errors import DataFault, NotFound
from tidebook.core.files import read_json, replacing, storage_errors, write_json
from tidebook.core.settings import Settings
from tidebook.records import forecast as records
from tidebook.store import shelving
from tidebook.store.copying import digest, moment
from tidebook.store.place import Place
from tidebook.store.shelving import Thing
from tidebook.store.workspace import workspace


class Forecast(Thing):
    """A saved forecast."""

    kind = "forecast"

    def __init__(self, settings: Settings, prediction_id: str) -> None:
        self.name, self._settings = prediction_id, settings
        self._file = records.path(settings, prediction_id)
        self._standin = records.archived_path(settings, prediction_id)

    def alone(self) -> AbstractContextManager[Path]:
        """See `Thing`."""
        return workspace(self._settings.cache / "archiving", f"forecast {self.name}")

    def record(self) -> dict[str, Any] | None:
        """See `Thing`."""
        if not self._standin.is_file():
            return None
        try:
            record = read_json(self._standin)
        except NotFound:
            if not self._standin.is_file():
                return None  # Brought back at this moment.
            record = None
        if isinstance(record, dict) and shelving.is_record(record) and isinstance(record.get("summary"), dict):
            return record
        if self.is_here():
            return None  # Whatever it says, nothing is archived.
        raise self._damaged()

    def is_here(self) -> bool:
        """See `Thing`."""
        return self._file.is_file()

    def check(self) -> None:
        """See `Thing`."""
        if not self._file.is_file() and not self._standin.is_file():
            raise records.absent(self.name)

    def entries(self) -> list[FileEntry]:
        """See `Thing`."""
        self.check()
        with storage_errors(self._file):
            facts = self._file.stat()
            return [FileEntry(self._file.name, facts.st_size, moment(facts.st_mtime_ns), digest(self._file))]

    def file(self, path: str) -> Path:
        """See `Thing`."""
        return self._file

    def described(self, entries: Sequence[FileEntry]) -> dict[str, Any]:
        """See `Thing`."""
        summary = records.summary(records.load(self._settings, self.name))
        return {"file": asdict(entries[0]), "summary": {**summary, "is_archived": True}}

    def away(self, record: dict[str, Any]) -> list[FileEntry]:
        """See `Thing`."""
        try:
            entry = FileEntry(**record["file"])
        except (KeyError, TypeError):
            raise self._damaged() from None
        if entry.path != self._file.name or type(entry.size) is not int:
            raise self._damaged()
        return [entry]

    def begin(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """See `Thing`."""
        write_json(self._standin, record)
        return record

    def left(self, record: dict[str, Any]) -> list[str]:
        """See `Thing`."""
        return [self._file.name] if self._file.is_file() else []

    def clear(self, record: dict[str, Any]) -> dict[str, Any]:
        """See `Thing`."""
        self._file.unlink(missing_ok=True)  # From here on it is archived.
        return record

    def put(self, entries: Sequence[FileEntry], folder: Path) -> None:
        """See `Thing`."""
        with replacing(self._file) as temporary, storage_errors(self._file):
            temporary.write_bytes((folder / self._file.name).read_bytes())
        syncing.replaced(self._file)

    def is_whole(self, entries: Sequence[FileEntry]) -> bool:
        """See `Thing`."""
        return self._file.is_file() and digest(self._file) == entries[0].digest

    def end(self, record: dict[str, Any]) -> bool:
        """See `Thing`."""
        self._standin.unlink(missing_ok=True)
        return True

    def _damaged(self) -> DataFault:
        return DataFault(
            "What stands in for an archived forecast must say what was archived",
            got=f"something else for {self.name}",
            fix="Bring it back from a backup.",
        )


def archive_forecast(settings: Settings, prediction_id: str, *, by: str | None) -> dict[str, Any]:
    """Moves a forecast to the archive; returns what stands in for it. See `shelving.shelve`."""
    return shelving.shelve(Forecast(settings, prediction_id), Place.of(settings), by=by)


def restore_forecast(settings: Settings, prediction_id: str) -> bool:
    """Brings a forecast back from the archive; False where it was not archived. See `shelving.fetch`."""
    return shelving.fetch(Forecast(settings, prediction_id), Place.of(settings))


def open_forecast(settings: Settings, prediction_id: str) -> tuple[dict[str, Any], bool]:
    """The whole result, and whether it was brought back from the archive for that; NotFound where there is none."""
    restored = restore_forecast(settings, prediction_id)
    return records.load(settings, prediction_id), restored


def delete_forecast(settings: Settings, prediction_id: str) -> None:
    """Removes a forecast, wherever it is, with its chart; NotFound where there is none."""
    thing = Forecast(settings, prediction_id)
    with shelving.waiting(thing):
        record = None
        with suppress(DataFault):  # It goes all the same.
            record = thing.record()
        records.delete(settings, prediction_id)
        (settings.cache / "charts" / f"{prediction_id}.png").unlink(missing_ok=True)
        if record is not None:
            shelving.forget(thing, Place.of(settings), record)
