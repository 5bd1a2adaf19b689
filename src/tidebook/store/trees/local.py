"""The tree in a folder, which may be a network drive."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tidebook.abc import FileEntry, Source
from tidebook.core import syncing
from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.core.files import check_segment, dump_json, safe_join, storage_errors
from tidebook.store.arriving import arriving
from tidebook.store.closing import check_unchanged, closing, placing
from tidebook.store.copying import CHUNK, changed, copy, moment, opened, receive, same, write_all
from tidebook.store.manifest import DIGESTS, MANIFEST, read_manifest
from tidebook.store.naming import RESERVED, check_file
from tidebook.store.sharing import COUNTED, cloned, linked, mark
from tidebook.store.trees.walking import MODE, MTIME, SIZE, Found, kind, walk

_SURROGATES = re.compile(r"[\ud800-\udfff]")  # what stands for bytes that are no text


class LocalTree:
    """Files below the folder `root`; `store` is the folder that shared content may come from."""

    reserved = RESERVED  #: names at the top that are no files of the tree

    def __init__(self, root: Path | str, store: Path | str | None = None) -> None:
        self.root = Path(root).absolute()
        self._text = os.fspath(self.root)
        self._claim = f"{self._text}/.claim"
        self._whole = None if store is None else LocalTree(store)
        self._clones = True  # until the file system refuses
        self._safe: set[str] = set()
        self._refused: dict[str, str] = {}

    @property
    def url(self) -> str:
        """The folder."""
        return self._text

    def entries(self) -> dict[str, FileEntry]:
        """Every file by its path. The digest is that of manifest.json, where size and time are as it says.

        Of a version, the files that its manifest names, as they must be.
        """
        known, complete = self._known()
        found = {}
        for path, state in self._files():
            entry = known.get(path)
            if entry is not None and (complete or _holds(entry, state)):
                found[path] = FileEntry(path, entry["size"], entry["mtime"], entry["digest"])
            elif not complete:
                found[path] = FileEntry(path, state[SIZE], moment(state[MTIME]), "")
        return found

    def refused(self) -> dict[str, str]:
        """What `entries` found that no tree can hold, by its path: links, devices, pipes; and what each is."""
        return self._refused

    def digests(self) -> dict[str, str]:
        """What manifest.json says of each file that was ever written down, whether or not it still is so."""
        known, _ = self._known()
        return {path: entry["digest"] for path, entry in known.items()}

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The content from byte `start` on. NotFound without such a file, InvalidInput where it is none.

        Conflict, at its end, where it changed meanwhile.
        """
        with opened(self.place(path)) as (handle, before):
            os.lseek(handle, start, os.SEEK_SET)
            while piece := os.read(handle, CHUNK):
                yield piece
            if not same(before, os.fstat(handle)):
                raise changed(path)

    def take(self, source: Source, entry: FileEntry, path: str | None = None) -> FileEntry:
        """Copies a file of another tree here, with its time; see `abc.Tree`. On the disk within the next second."""
        path = entry.path if path is None else path
        target = self.place(path, write=True)
        if isinstance(source, LocalTree):
            taken = copy(source.place(entry.path), target, path, entry, self.placing)
        else:
            taken = receive(lambda start: source.read(entry.path, start), target, path, entry, self.placing)
        syncing.written(target)
        return taken

    def share(self, entry: FileEntry, held: str) -> bool:
        """Makes the file a clone of that at `held` below the store or, read-only, another name of it."""
        if self._whole is None:
            return False
        try:
            source = self._whole.place(held)
            with opened(source) as (reader, found), storage_errors(self.root):
                if found.st_size != entry.size:
                    return False
                target = self.place(entry.path, write=True)
                with self.placing(entry):
                    self._clones = self._clones and cloned(reader, target, entry)
                    if not self._clones:
                        if not linked(source, reader, target):
                            return False
                        if entry.size >= COUNTED:
                            mark(source, target)
        except (InvalidInput, NotFound, PermissionError):
            return False
        syncing.written(target)
        return True

    @contextmanager
    def placing(self, entry: FileEntry) -> Iterator[None]:
        """In which a file may take its place: Conflict in a version that is complete, unless it is one of its own."""
        if not self.reserved or not os.path.lexists(self._claim):
            yield
            return
        with placing(self._claim):
            if os.path.lexists(f"{self._text}/{MANIFEST}"):
                check_unchanged(self.root.name, read_manifest(self.root), entry)
            yield

    def discard(self, paths: Iterable[str]) -> None:
        """Removes what was filled in vain, unless somebody has completed the version with it."""
        with closing(self._claim):
            if not os.path.lexists(f"{self._text}/{MANIFEST}"):
                self.remove(paths)

    def remove(self, paths: Iterable[str]) -> list[str]:
        """Removes files and the folders that are empty then; returns those that were there."""
        removed = []
        with storage_errors(self.root):
            for path in paths:
                place = self.place(path, write=True)
                try:
                    os.unlink(place)  # noqa: PTH108
                except (FileNotFoundError, NotADirectoryError):
                    continue
                except (IsADirectoryError, PermissionError):
                    if not os.path.isdir(place):  # noqa: PTH112
                        raise
                    continue
                removed.append(path)
                with suppress(OSError):
                    folder = os.path.dirname(place)  # noqa: PTH120
                    while folder != self._text:
                        os.rmdir(folder)  # noqa: PTH106
                        folder = os.path.dirname(folder)  # noqa: PTH120
        return removed

    def keep(self, entries: Mapping[str, FileEntry]) -> None:
        """Adds digests to manifest.json; of what is not as they say, or gone, it keeps none.

        Conflict in a version, whose manifest is written once.
        """
        if os.path.lexists(self._claim):
            raise Conflict(
                "A version is written once and never changed", got=self.root.name, fix="Publish as a new version."
            )
        with storage_errors(self.root), self._alone():
            known, _ = self._known()
            files = []
            for path, state in sorted(self._files()):
                entry = entries.get(path)
                if entry is not None and entry.digest and entry.size == state[SIZE]:
                    files.append(_written(entry, state))
                elif (old := known.get(path)) is not None and _holds(old, state):
                    files.append(old)
            manifest = f"{self._text}/{MANIFEST}"
            with arriving(manifest) as part:  # Of a name that the next call finds, if this one is killed.
                write_all(part.handle, dump_json({"format_version": 1, "kind": DIGESTS, "files": files}))
            syncing.written(manifest)

    def place(self, path: str, *, write: bool = False) -> str:
        """Where a file of the tree lies; InvalidInput where that would be, links followed, outside of it.

        With `write`, also for a name that no file of a tree can have.
        """
        name = path.rpartition("/")[2]
        check_segment(name, "The name of a file")
        if write:
            check_file(path, self.reserved)
        above = path[: -len(name)]
        if above not in self._safe:
            safe_join(self.root, *path.split("/")[:-1])
            self._safe.add(above)
        return f"{self._text}/{path}"

    def _files(self) -> Iterator[tuple[str, Found]]:
        self._refused, reserved = {}, self.reserved
        for path, state in walk(self._text):
            if not stat.S_ISREG(state[MODE]):
                self._refused[path] = kind(state[MODE])
            elif not path.isascii() and _SURROGATES.search(path):
                self._refused[path.encode(errors="replace").decode()] = "a file whose name is not UTF-8"
            elif path not in reserved:
                yield path, state

    def _known(self) -> tuple[dict[str, dict[str, Any]], bool]:
        """What manifest.json says, by path; and whether it is that of a version, to which nothing is added."""
        manifest = read_manifest(self.root)
        if manifest is None:
            return {}, False
        return {entry["path"]: entry for entry in manifest["files"]}, manifest.get("kind") != DIGESTS

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with suppress(OSError):  # Some network drives have no locks; what is lost then is read again.
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


class Folder(LocalTree):
    """Somebody's own folder: no name in it is the store's, and no digests are written into it.

    With `only` the tree is of these paths, however much else lies there.
    """

    reserved = frozenset()

    def __init__(self, root: Path | str, only: Collection[str] | None = None) -> None:
        super().__init__(root)
        self.only = only

    def keep(self, entries: Mapping[str, FileEntry]) -> None:
        """Nothing: the folder is not ours."""

    def _known(self) -> tuple[dict[str, dict[str, Any]], bool]:
        return {}, False

    def _files(self) -> Iterator[tuple[str, Found]]:
        if self.only is None:
            yield from super()._files()
            return
        for path in self.only:
            with suppress(FileNotFoundError, NotADirectoryError):
                found = os.lstat(self.place(path))
                if stat.S_ISREG(found.st_mode):
                    yield path, (found.st_mode, found.st_size, found.st_mtime_ns)


def _holds(entry: Mapping[str, Any], state: Found) -> bool:
    """Whether a file is still as its entry says. One that is shared has the time of the first of its names."""
    return bool(entry["size"] == state[SIZE] and (entry.get("disk_mtime") or entry["mtime"]) == moment(state[MTIME]))


def _written(entry: FileEntry, state: Found) -> dict[str, Any]:
    on_disk = moment(state[MTIME])
    value = {"path": entry.path, "size": entry.size, "mtime": entry.mtime, "digest": entry.digest}
    return value if on_disk == entry.mtime else {**value, "disk_mtime": on_disk}
