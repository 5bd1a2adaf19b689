"""The one way into the archive and back, for versions, forecasts and runs.

A lock for each thing is held over all of it. Where a store is shared by machines that do not see each other's locks,
the record beside the thing decides: it names the packed file, whose name no other ever has, and it is written and
removed only where it is as it was read. While it says `clearing`, another machine may be removing the files: who brings
the thing back then leaves the packed file until the files are seen to have stayed. Killed anywhere, a second call
finishes, and nothing is lost.
"""

from __future__ import annotations

import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from tidebook.abc import FileEntry
from tidebook.core import syncing
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, NotFound, StorageFailure, TidebookError
from tidebook.core.files import storage_errors
from tidebook.store import packing
from tidebook.store.packing import Packed
from tidebook.store.place import Place

WAIT = 600.0  #: seconds that a restore waits for another process that restores or archives the same
_PAUSE = 0.1
_NOTES, _PACKED = "packs", "packed"


class Thing(ABC):
    """What can be archived."""

    kind: str
    name: str

    @abstractmethod
    def alone(self) -> AbstractContextManager[Path]:
        """The thing's lock, with a folder to work in; Conflict where another process has it."""

    @abstractmethod
    def record(self) -> dict[str, Any] | None:
        """What stands beside it and says what was archived; None where nothing does, DataFault where it is damaged."""

    @abstractmethod
    def is_here(self) -> bool:
        """Whether it is here whatever stands beside it: what a killed process left there means nothing then."""

    @abstractmethod
    def check(self) -> None:
        """NotFound where it was deleted; then nothing of it is left."""

    @abstractmethod
    def entries(self) -> list[FileEntry]:
        """The files that would go; NotFound without the thing."""

    @abstractmethod
    def file(self, path: str) -> Path:
        """Where one of them can be read."""

    @abstractmethod
    def described(self, entries: Sequence[FileEntry]) -> dict[str, Any]:
        """What the record says beyond what every record says."""

    @abstractmethod
    def away(self, record: dict[str, Any]) -> list[FileEntry]:
        """The files that the packed file holds, by what is said beside the thing; DataFault where it makes no sense."""

    @abstractmethod
    def begin(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """Puts the record beside it, where none is yet; returns the one that is there then."""

    @abstractmethod
    def left(self, record: dict[str, Any]) -> list[str]:
        """What is still here, or may be, of what is archived."""

    @abstractmethod
    def clear(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """Removes that; what stands beside the thing afterwards, which no longer says `clearing`."""

    @abstractmethod
    def put(self, entries: Sequence[FileEntry], folder: Path) -> None:
        """Puts files from `folder` back into their places, synced."""

    @abstractmethod
    def is_whole(self, entries: Sequence[FileEntry]) -> bool:
        """Whether these files are in their places, by their digests."""

    @abstractmethod
    def end(self, record: dict[str, Any]) -> bool:
        """Removes the record: the thing is here again. False where another one stands there by now."""


def shelve(thing: Thing, place: Place, *, by: str | None) -> dict[str, Any]:
    """Moves a thing to the archive and returns its record; one that is there already loses what is left of it here.

    Its files go once the packed file was read back and every digest in it was right. NotFound without the thing,
    DataFault where a file is not as it was written down, StorageFailure where the archive does not take it; then
    nothing has changed. Conflict where another process archives or restores it, or it changes meanwhile.
    """
    with thing.alone() as folder:
        record = _known(thing, place, folder)
        if record is not None:
            return _cleared(thing, place, record, folder)
        record, ours = _packed(thing, place, folder, by)
        return _clear(thing, place, record, folder) if ours else record


def settle(thing: Thing, place: Place) -> None:
    """Removes what is left here of an archived thing, and what processes left that were killed; nothing else goes."""
    with thing.alone() as folder:
        record = _known(thing, place, folder)
        if record is not None:
            _cleared(thing, place, record, folder)


def fetch(thing: Thing, place: Place) -> bool:
    """Brings a thing back from the archive; False where it was not archived.

    Each file is verified before any is put in its place. NotFound where the archive has lost it or it was deleted
    meanwhile, DataFault where it is damaged, StorageFailure where the archive is away or the disk is full; then it is
    as archived as before. Waits while another process does the same.
    """
    if thing.record() is None:
        return False
    archived = not thing.is_here()
    with waiting(thing) as folder:
        while (record := _known(thing, place, folder)) is not None:
            if not _brought(thing, place, record, folder):
                continue  # Another machine was faster.
            thing.check()
            _note(folder, record["pack"])
            if thing.end(record):
                if not record.get("clearing"):
                    with suppress(StorageFailure):
                        place.remove(thing.kind, thing.name, record["pack"])
                break
        thing.check()
    return archived


def reclaim(thing: Thing, place: Place, pack: str) -> None:
    """Brings back what is missing of a thing from a packed file that nothing names, which goes then."""
    with thing.alone() as folder:
        record = _known(thing, place, folder)
        if record is None:
            _let_go(thing, place, pack, folder)


def forget(thing: Thing, place: Place, record: dict[str, Any]) -> None:
    """Removes what the archive holds of a thing that was deleted; what cannot be removed now is found by fsck."""
    if is_record(record):
        with suppress(TidebookError):
            place.remove(thing.kind, thing.name, record["pack"])


def inspect(thing: Thing, place: Place, record: dict[str, Any], *, quick: bool) -> None:
    """NotFound where the archive has lost what a record names, DataFault where it is not what was put there.

    With `quick` by its size, else by every digest.
    """
    packed = _whole(record)
    if quick:
        packing.check_size(place.size(thing.kind, thing.name, record["pack"]), packed, thing.name)
        return
    with place.opened(thing.kind, thing.name, record["pack"]) as stream:
        packing.check(stream, packed, thing.away(record), thing.name)


def is_record(value: dict[str, Any]) -> bool:
    """Whether a record has what every one of them needs."""
    size = value.get("bytes")
    texts = all(isinstance(value.get(name), str) for name in ("digest", "pack"))
    return texts and isinstance(size, int) and not isinstance(size, bool)


@contextmanager
def waiting(thing: Thing) -> Iterator[Path]:
    """The thing's lock, for which it waits; Conflict where another process has it for very long."""
    until = time.monotonic() + WAIT
    with ExitStack() as stack:
        while True:
            try:
                folder = stack.enter_context(thing.alone())
                break
            except Conflict:
                if time.monotonic() > until:
                    raise
            time.sleep(_PAUSE)
        yield folder


def _known(thing: Thing, place: Place, folder: Path) -> dict[str, Any] | None:
    """What stands beside a thing that is away; what killed processes left goes."""
    record = thing.record()
    if record is not None and thing.is_here():
        _note(folder, record["pack"])
        record = None if thing.end(record) else thing.record()
    notes = folder / _NOTES
    for pack in notes.read_text().split() if notes.is_file() else ():
        with suppress(TidebookError):  # The note of a killed process may be cut.
            if record is None:
                _let_go(thing, place, pack, folder)
            elif record["pack"] != pack:
                place.remove(thing.kind, thing.name, pack)
    notes.unlink(missing_ok=True)
    shutil.rmtree(folder / "files", ignore_errors=True)
    return record


def _note(folder: Path, pack: str) -> None:
    """Remembers a packed file that nothing may name soon: whoever works here next removes it then."""
    with storage_errors(folder):
        (folder / _NOTES).write_text(pack)


def _let_go(thing: Thing, place: Place, pack: str, folder: Path) -> None:
    """Removes a packed file that nothing names, once nothing is missing of what it may hold alone."""
    try:
        entries = thing.entries()
    except NotFound:
        pass  # It was deleted.
    else:
        if not thing.is_whole(entries):
            _recovered(thing, place, pack, entries, folder)
    place.remove(thing.kind, thing.name, pack)


def _recovered(thing: Thing, place: Place, pack: str, entries: Sequence[FileEntry], folder: Path) -> None:
    """Puts into place what a packed file holds, of which nothing but that is known."""
    try:
        with place.opened(thing.kind, thing.name, pack) as stream:
            packed = packing.measured(stream)
        with place.opened(thing.kind, thing.name, pack) as stream:
            _unpacked(thing, entries, packed, stream, folder)
    except NotFound:
        if not (folder / _PACKED).is_file():
            raise
        with (folder / _PACKED).open("rb") as copy:  # Another machine has let go of it: this is the last one.
            packed = packing.measured(copy)
            copy.seek(0)
            _unpacked(thing, entries, packed, copy, folder)


def _cleared(thing: Thing, place: Place, record: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Removes what is left of a thing here, once its packed file is seen to be whole; returns its record."""
    if not thing.left(record):
        return record
    with place.opened(thing.kind, thing.name, record["pack"]) as stream:
        packing.fetch(stream, _whole(record), folder / _PACKED, thing.name)
    _note(folder, record["pack"])
    return _clear(thing, place, record, folder)


def _clear(thing: Thing, place: Place, record: dict[str, Any], folder: Path) -> dict[str, Any]:
    try:
        held = thing.clear(record)
    except BaseException:
        with suppress(TidebookError):
            if thing.record() is None:
                _put_back(thing, record, folder)
        raise
    if held is None:
        # The packed file stays, as a third machine may be removing files still: fsck finds it when that is over.
        _put_back(thing, record, folder)
    elif held["pack"] != record["pack"]:
        with suppress(StorageFailure):
            place.remove(thing.kind, thing.name, record["pack"])
    return held or record


def _put_back(thing: Thing, record: dict[str, Any], folder: Path) -> None:
    """Another machine has brought it back while files were removed here: it must not miss what went."""
    with (folder / _PACKED).open("rb") as stream:
        _unpacked(thing, thing.away(record), _whole(record), stream, folder)


def _whole(record: dict[str, Any]) -> Packed:
    return Packed(record["digest"], record["bytes"])


def _packed(thing: Thing, place: Place, folder: Path, by: str | None) -> tuple[dict[str, Any], bool]:
    """The record of a thing that is in the archive now, and whether it is of this very call."""
    target = folder / _PACKED
    try:
        entries = thing.entries()
        packed = packing.pack({entry.path: thing.file(entry.path) for entry in entries}, entries, target)
    except NotFound:
        held = thing.record()
        if held is None:
            raise
        return held, False  # Another machine was faster.
    pack = place.new_pack(thing.name)
    _note(folder, pack)
    url = place.put(thing.kind, thing.name, pack, target, packed, entries)
    record = {
        "format_version": 1,
        "url": url,
        "pack": pack,
        "digest": packed.digest,
        "bytes": packed.bytes,
        "original_bytes": sum(entry.size for entry in entries),
        "archived_at": timestamp(),
        "by": by,
        **thing.described(entries),
    }
    try:
        held = thing.begin(record)  # From here on it is archived.
    except TidebookError:
        held = thing.record()
        if held != record:
            place.remove(thing.kind, thing.name, pack)
            raise
    if held is None or held["pack"] != pack:
        place.remove(thing.kind, thing.name, pack)
        if held is None:
            raise Conflict("A thing must stay as it is while it is archived", got=thing.name, fix="Try again.")
    return held, held["pack"] == pack


def _brought(thing: Thing, place: Place, record: dict[str, Any], folder: Path) -> bool:
    """Puts everything into its place; False where the record has changed meanwhile, so that it begins anew."""
    try:
        with place.opened(thing.kind, thing.name, record["pack"]) as stream:
            _unpacked(thing, thing.away(record), _whole(record), stream, folder)
    except NotFound:
        if thing.record() != record:
            return False
        thing.check()
        if not thing.is_whole(thing.away(record)):
            raise
    return True  # Also where the archive has lost it, but nothing of it is missing here.


def _unpacked(
    thing: Thing, entries: Sequence[FileEntry], packed: Packed, stream: packing.Readable, folder: Path
) -> None:
    """Verifies and unpacks all of a packed file, and puts it into place."""
    shutil.rmtree(folder / "files", ignore_errors=True)
    packing.unpack(stream, packed, entries, folder / "files", thing.name)
    thing.put(entries, folder / "files")
    syncing.flush()  # What the archive holds goes after this.
