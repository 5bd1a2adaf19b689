"""What lies in the archive, against what says that it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from tidebook.core.errors import InvalidInput, NotFound, StorageFailure, TidebookError
from tidebook.health.finding import Finding, Home
from tidebook.records import forecast
from tidebook.runs.record import DELETED, is_run
from tidebook.store import LocalStore, verify
from tidebook.store.archiving import archived
from tidebook.store.local import TOMBSTONE
from tidebook.store.place import Place

KINDS = ("version", "forecast", "run")


def archive(home: Home) -> Iterator[Finding]:
    """Packed files that nothing refers to; an archive that is away."""
    place = Place(home.settings.archive_place)
    try:
        for kind in KINDS:
            for name in place.names(kind):
                with suppress(InvalidInput, NotFound):
                    if not _is_archived(home, kind, name):
                        needless = _is_here(home, kind, name) or _is_deleted(home, kind, name)
                        mend = partial(place.remove, kind, name) if needless else None
                        yield Finding("archive_orphan", place.url_of(kind, name), "", mend)
    except StorageFailure as error:
        yield Finding("archive_away", place.url, error.got)


def _is_archived(home: Home, kind: str, name: str) -> bool:
    match kind:
        case "version":
            try:
                return archived(home.store, name) is not None
            except NotFound:
                return False
        case "forecast":
            return forecast.archived(home.settings, name) is not None
        case _:
            folder = home.settings.out / name
            return (folder / "archived.json").is_file() and (folder / DELETED).is_file()


def _is_deleted(home: Home, kind: str, name: str) -> bool:
    """Whether a tombstone says that somebody deleted it."""
    if kind == "version" and isinstance(home.store, LocalStore):
        return (home.store.root / name / TOMBSTONE).is_file()
    return kind == "run" and (home.settings.out / name / DELETED).is_file()


def _is_here(home: Home, kind: str, name: str) -> bool:
    """Whether the thing itself is here whole, so that what the archive holds of it is one too many."""
    with suppress(TidebookError):
        match kind:
            case "version":
                return verify(home.store, name) == []
            case "forecast":
                return bool(forecast.load(home.settings, name)["id"] == name)
            case _:
                return is_run(home.settings.out / name)
    return False
