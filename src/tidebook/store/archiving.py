"""Moves the files of a version to the archive, and back. Killed anywhere, a second call finishes either."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from tidebook.abc import FileEntry, Store
from tidebook.core import syncing
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, DataFault, NotFound, StorageFailure
from tidebook.store import packing
from tidebook.store.packing import Packed
from tidebook.store.place import Place

RECORD = "archived.json"
KIND = "version"
WAIT = 600.0  #: seconds that a restore waits for another process that restores or archives the same
_PAUSE = 0.1


@runtime_checkable
class Restoring(Protocol):
    """A store that brings back from the archive itself what it has put there."""

    def restore(self, prefix: str) -> None:
        """As `restore_tree` does, in the store's own archive."""


def archive_tree(
    store: Store, prefix: str, url: str, *, by: str | None, keep: Sequence[str] = ("metadata.json",)
) -> dict[str, Any]:
    """Moves the files of a complete tree, but `keep`, to the archive at `url`; returns the content of archived.json.

    The files go once the packed file was read back and every digest in it was right. NotFound without the tree,
    DataFault where a file is not as the manifest says, StorageFailure where the archive does not take it; then
    nothing has changed. Conflict where another process archives or restores it.
    """
    place = Place(url)
    with store.workspace(_lock(prefix)) as folder:
        record = store.record(prefix, RECORD)
        if record is None:
            entries = _entries(store, prefix, keep)
            target = folder / "packed"
            packed = packing.pack({entry.path: store.open(prefix, entry.path) for entry in entries}, entries, target)
            where = place.put(KIND, prefix, target, packed, entries)
            store.manifest(prefix)  # Deleted meanwhile? Then it must not be recorded.
            record = {
                "format_version": 1,
                "url": where,
                "digest": packed.digest,
                "bytes": packed.bytes,
                "original_bytes": sum(entry.size for entry in entries),
                "archived_at": timestamp(),
                "by": by,
                "files": [entry.path for entry in entries],
            }
            store.amend(prefix, RECORD, lambda before: record)  # From here on it is archived.
        store.tree(prefix).remove(record["files"])
    return record


def restore_tree(store: Store, prefix: str, *, archive: str | None = None) -> bool:
    """Brings the files of a tree back from the archive; False where it was not archived.

    `archive` is the archive's folder or URL, by default that of the settings; whatever archived.json says, nothing is
    fetched from elsewhere. Each file is verified before any is put in its place. NotFound where the archive has lost
    it, DataFault where it is damaged, StorageFailure where the archive is away or the disk is full; then it is as
    archived as before. Waits while another process does the same.
    """
    if archived(store, prefix) is None:
        return False
    if isinstance(store, Restoring):
        store.restore(prefix)
        return True
    place = _place(archive)
    with _alone(store, prefix) as folder:
        record = archived(store, prefix)
        if record is None:
            return True  # Another process has restored it meanwhile.
        entries = {entry["path"]: FileEntry(**entry) for entry in store.manifest(prefix)["files"]}
        gone = [entries[path] for path in record["files"] if path in entries]
        packed = Packed(record["digest"], record["bytes"])
        shutil.rmtree(folder / "files", ignore_errors=True)  # what a killed process left
        with place.opened(KIND, prefix) as stream:
            packing.unpack(stream, packed, gone, folder / "files", prefix)
        _put(store, prefix, gone, folder / "files")
        store.amend(prefix, RECORD, lambda before: None)  # From here on it is here again.
        with suppress(StorageFailure):
            place.remove(KIND, prefix)
    return True


def archived(store: Store, prefix: str) -> dict[str, Any] | None:
    """What archived.json of a tree says; None where it is not archived. DataFault where it does not make sense."""
    with suppress(NotFound):
        record = store.record(prefix, RECORD)
        if record is None:
            return None
        if is_whole(record, files=True):
            return record
    raise DataFault(
        f"{RECORD} must say what was archived",
        got=f"something else beside {prefix}",
        fix="Bring it back from a backup, or look at it with `tidebook fsck`.",
    )


def is_whole(record: Mapping[str, Any], *, files: bool) -> bool:
    """Whether a record of something archived has what is needed to restore it."""
    size, names = record.get("bytes"), record.get("files")
    return (
        isinstance(record.get("digest"), str)
        and isinstance(size, int)
        and not isinstance(size, bool)
        and (not files or (isinstance(names, list) and all(isinstance(name, str) for name in names)))
    )


def forget_tree(prefix: str, archive: str | None = None) -> None:
    """Removes what the archive, by default that of the settings, holds of a tree that was deleted."""
    _place(archive).remove(KIND, prefix)


def _place(archive: str | None) -> Place:
    if archive is None:
        from tidebook.core.settings import Settings

        archive = Settings().archive_place
    return Place(archive)


def _entries(store: Store, prefix: str, keep: Sequence[str]) -> list[FileEntry]:
    entries = [FileEntry(**entry) for entry in store.manifest(prefix)["files"]]
    return [entry for entry in entries if entry.path not in keep]


def _put(store: Store, prefix: str, entries: Sequence[FileEntry], folder: Path) -> None:
    from tidebook.store.trees.local import Folder

    source, target = Folder(folder), store.tree(prefix)
    for entry in entries:
        target.take(source, entry)
    syncing.flush()  # What the archive holds goes after this.


def _lock(prefix: str) -> str:
    return f"archive {prefix}"


@contextmanager
def _alone(store: Store, prefix: str) -> Iterator[Path]:
    until = time.monotonic() + WAIT
    with ExitStack() as stack:
        while True:
            try:
                folder = stack.enter_context(store.workspace(_lock(prefix)))
                break
            except Conflict:
                if time.monotonic() > until:
                    raise
            time.sleep(_PAUSE)
        yield folder
