"""What lies in the archive, against what says that it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from tidebook.core.errors import DataFault, InvalidInput, NotFound, StorageFailure, TidebookError
from tidebook.health.finding import OLD, Finding, Home
from tidebook.records import forecast
from tidebook.retention.moving import KINDS
from tidebook.runs.record import DELETED, is_run
from tidebook.store import LocalStore, shelving, verify
from tidebook.store.local import TOMBSTONE
from tidebook.store.shelving import Thing


def shelved(home: Home, name: str, record_name: str, thing: Thing) -> Iterator[Finding]:
    """What is wrong with the packed file of a thing that is in the archive, or with what says that it is there."""
    try:
        record = thing.record()
        if record is None:
            return
        if thing.is_here():
            yield Finding("archiving_unfinished", record_name, "", partial(shelving.fetch, thing, home.place))
            return
        entries = thing.away(record)
    except DataFault as error:
        yield Finding("record_broken", record_name, error.got)
        return
    try:
        shelving.inspect(thing, home.place, record, quick=home.quick)
    except NotFound as error:
        if thing.record() != record:
            return  # Brought back at this moment.
        if thing.is_whole(entries):
            yield Finding("archived_but_here", name, "", partial(shelving.fetch, thing, home.place))
        else:
            yield Finding("archive_missing", record_name if thing.kind == "forecast" else name, error.got)
    except DataFault as error:
        yield Finding("archive_broken", record_name if thing.kind == "forecast" else name, error.got)
    except StorageFailure:
        return  # That the archive is away is told once.
    else:
        is_busy = record.get("clearing") and home.place.age(thing.kind, thing.name, record["pack"]) <= OLD
        if not is_busy and (left := thing.left(record)):
            settle = partial(shelving.settle, thing, home.place)
            yield Finding("archived_files_left", name, ", ".join(left[:5]), settle)


def archive(home: Home) -> Iterator[Finding]:
    """Packed files of this home that nothing refers to; an archive that is away."""
    place = home.place
    try:
        for kind in KINDS:
            for name, pack in place.packs(kind):
                if not place.is_own(pack) or place.age(kind, name, pack) <= OLD:
                    continue  # Another home's, or somebody archives it right now.
                with suppress(InvalidInput, NotFound, DataFault):
                    thing = home.thing(kind, name)
                    record = thing.record()
                    if record is None or thing.is_here() or record["pack"] != pack:
                        yield Finding("archive_orphan", f"{place.url}/{kind}/{name}", pack, _mend(home, thing, pack))
    except StorageFailure as error:
        yield Finding("archive_away", place.url, error.got)


def _mend(home: Home, thing: Thing, pack: str) -> Callable[[], object] | None:
    """Removes what is needless; brings back from it what a version misses."""
    if _is_needless(home, thing, pack):
        return partial(_remove, home, thing, pack)
    return partial(shelving.reclaim, thing, home.place, pack) if _is_published(home, thing) else None


def _is_published(home: Home, thing: Thing) -> bool:
    with suppress(NotFound):
        return thing.kind == "version" and bool(home.store.manifest(thing.name))
    return False


def _remove(home: Home, thing: Thing, pack: str) -> None:
    """Looks again while nobody can archive the thing or bring it back: much may have happened since."""
    with thing.alone():
        if _is_needless(home, thing, pack):
            home.place.remove(thing.kind, thing.name, pack)


def _is_needless(home: Home, thing: Thing, pack: str) -> bool:
    """Whether the thing is whole without a packed file: here, or in another one; or was deleted."""
    record = thing.record()
    if record is not None and not thing.is_here():
        if record["pack"] == pack:
            return False
        shelving.inspect(thing, home.place, record, quick=False)
        return True
    return _is_whole(home, thing) or _is_deleted(home, thing)


def _is_deleted(home: Home, thing: Thing) -> bool:
    """Whether a tombstone says that somebody deleted it."""
    if thing.kind == "version" and isinstance(home.store, LocalStore):
        return (home.store.root / thing.name / TOMBSTONE).is_file()
    return thing.kind == "run" and (home.settings.out / thing.name / DELETED).is_file()


def _is_whole(home: Home, thing: Thing) -> bool:
    with suppress(TidebookError):
        match thing.kind:
            case "version":
                return verify(home.store, thing.name) == []
            case "forecast":
                return bool(forecast.load(home.settings, thing.name)["id"] == thing.name)
            case _:
                return is_run(home.settings.out / thing.name)
    return False
