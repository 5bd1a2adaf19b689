"""Versions in the archive: the manifest and the records beside it stay in the store, the other files go."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from tidebook.abc import FileEntry, Store
from tidebook.core.errors import Conflict, DataFault, NotFound
from tidebook.store import shelving
from tidebook.store.copying import digest_of
from tidebook.store.local import TOMBSTONE, LocalStore
from tidebook.store.place import Place
from tidebook.store.shelving import Thing

RECORD = "archived.json"
KEPT = ("metadata.json",)


@runtime_checkable
class Restoring(Protocol):
    """A store that brings back from the archive itself what it has put there."""

    def restore(self, prefix: str) -> None:
        """As `restore_tree` does, in the store's own archive."""


class Version(Thing):
    """A complete tree of a store; files named `keep` stay in any case."""

    kind = "version"

    def __init__(self, store: Store, prefix: str, keep: Sequence[str] = KEPT) -> None:
        self.name = prefix
        self._store, self._keep = store, keep

    def alone(self) -> AbstractContextManager[Path]:
        """See `Thing`."""
        return self._store.workspace(f"archive {self.name}")

    def record(self) -> dict[str, Any] | None:
        """See `Thing`."""
        return archived(self._store, self.name)

    def is_here(self) -> bool:
        """Never: the record alone says where its files are."""
        return False

    def check(self) -> None:
        """See `Thing`."""
        try:
            self._store.manifest(self.name)
        except NotFound:
            if self._store.record(self.name, TOMBSTONE) is not None:
                self._store.delete(self.name, "")  # It says why. Files that were just put here go, too.
            raise

    def entries(self) -> list[FileEntry]:
        """See `Thing`."""
        return [entry for entry in self._entries() if entry.path not in self._keep]

    def file(self, path: str) -> Path:
        """See `Thing`."""
        return self._store.open(self.name, path)

    def described(self, entries: Sequence[FileEntry]) -> dict[str, Any]:
        """See `Thing`."""
        files = [entry.path for entry in entries]
        return {"files": files} if isinstance(self._store, LocalStore) else {"files": files, "clearing": True}

    def away(self, record: dict[str, Any]) -> list[FileEntry]:
        """See `Thing`."""
        gone = set(record["files"])
        return [entry for entry in self._entries() if entry.path in gone]

    def begin(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """See `Thing`."""
        self._store.manifest(self.name)  # Deleted meanwhile? Then it must not be recorded.
        self._store.amend(self.name, RECORD, lambda before: before or record)
        self.check()
        return self.record()

    def left(self, record: dict[str, Any]) -> list[str]:
        """See `Thing`."""
        if not isinstance(self._store, LocalStore):
            return list(record["files"]) if record.get("clearing") else []
        folder = self._store.folder(self.name)
        return [path for path in record["files"] if (folder / path).is_file()]

    def clear(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """See `Thing`."""
        self._store.tree(self.name).remove(record["files"])
        cleared = {name: value for name, value in record.items() if name != "clearing"}
        if cleared != record:
            self._store.amend(self.name, RECORD, lambda before: cleared if before == record else before)
        return self.record()

    def put(self, entries: Sequence[FileEntry], folder: Path) -> None:
        """See `Thing`."""
        from tidebook.store.trees.local import Folder

        source, target = Folder(folder), self._store.tree(self.name)
        for entry in entries:
            target.take(source, entry)

    def is_whole(self, entries: Sequence[FileEntry]) -> bool:
        """See `Thing`."""
        tree = self._store.tree(self.name)
        try:
            return all(digest_of(tree.read(entry.path)) == entry.digest for entry in entries)
        except NotFound:
            return False

    def end(self, record: dict[str, Any]) -> bool:
        """See `Thing`."""
        return self._store.amend(self.name, RECORD, lambda before: None if before == record else before) is None

    def _entries(self) -> list[FileEntry]:
        names = ("path", "size", "mtime", "digest")
        return [FileEntry(*(entry[name] for name in names)) for entry in self._store.manifest(self.name)["files"]]


def archive_tree(
    store: Store, prefix: str, place: Place, *, by: str | None, keep: Sequence[str] = KEPT
) -> dict[str, Any]:
    """Moves the files of a complete tree, but `keep`, to the archive; returns archived.json. See `shelving.shelve`.

    Conflict for a store that has an archive of its own.
    """
    if isinstance(store, Restoring):
        raise Conflict(
            "The versions of a server must be archived by the server",
            got=f"{prefix}, which is at {store.location(prefix)}",
            fix="Archive it on its page there, or run `tidebook archive add` where the server runs.",
        )
    return shelving.shelve(Version(store, prefix, keep), place, by=by)


def restore_tree(store: Store, prefix: str, *, archive: str | None = None) -> bool:
    """Brings the files of a tree back from the archive; False where it was not archived. See `shelving.fetch`.

    `archive` is the archive's folder or URL, by default that of the settings; whatever archived.json says, nothing is
    fetched from elsewhere.
    """
    if archived(store, prefix) is None:
        return False
    if isinstance(store, Restoring):
        store.restore(prefix)
        return True
    return shelving.fetch(Version(store, prefix), _place(archive))


def forget_tree(store: Store, prefix: str, record: dict[str, Any], archive: str | None = None) -> None:
    """Removes what the archive, by default that of the settings, holds of a tree that was deleted, by its record."""
    shelving.forget(Version(store, prefix), _place(archive), record)


def archived(store: Store, prefix: str) -> dict[str, Any] | None:
    """What archived.json of a tree says; None where it is not archived. DataFault where it does not make sense."""
    with suppress(NotFound):
        record = store.record(prefix, RECORD)
        if record is None:
            return None
        names = record.get("files")
        if shelving.is_record(record) and isinstance(names, list) and all(isinstance(name, str) for name in names):
            return record
    raise DataFault(
        f"{RECORD} must say what was archived",
        got=f"something else beside {prefix}",
        fix="Bring it back from a backup, or look at it with `tidebook fsck`.",
    )


def _place(archive: str | None) -> Place:
    if archive is None:
        from tidebook.core.settings import Settings

        archive = Settings().archive_place
    return Place(archive)
