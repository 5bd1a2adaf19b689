"""The store in a folder, which may be a network drive."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tidebook.abc import FileEntry
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, NotFound
from tidebook.core.files import dump_json, read_json, safe_join, storage_errors, write_json
from tidebook.store import claims, side
from tidebook.store.closing import closing, complete
from tidebook.store.filling import fill
from tidebook.store.manifest import DIGESTS, MANIFEST, create_exclusively, read_manifest, sync_folder, sync_folders
from tidebook.store.naming import check_file
from tidebook.store.trees.local import LocalTree
from tidebook.store.trees.walking import walk
from tidebook.store.workspace import workspace

TOMBSTONE = "deleted.json"
FILES = "files"  #: below which lie trees that have no numbers and change
SIBLINGS = 20  #: versions of a line that are looked at for content that is there already


class LocalStore:
    """Trees of files below the folder `root`."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        self._files = os.fspath(self.root / FILES)

    def claim(self, line: str, owner: str, *, above: int = 0) -> int:
        """Reserves the next number below `line`: highest folder + 1, tombstones counted, and more than `above`.

        The same owner gets its own claim back, finished or not. InvalidInput for a line that differs from an
        existing one in upper and lower case alone.
        """
        self._path(line)
        folder = claims.make_line(self.root, line.split("/"))
        own = self.claimed(line, owner)
        return own if own is not None else claims.take(folder, owner, above)

    def claimed(self, line: str, owner: str) -> int | None:
        """The newest number below `line` that `owner` claimed and that was not deleted; None if there is none."""
        folder = self._path(line)
        for number in reversed(claims.numbers(folder)):
            version = folder / f"v{number}"
            if claims.owner_of(version) == owner and not (version / TOMBSTONE).exists():
                return number
        return None

    def newest(self, line: str) -> int:
        """The highest number ever given below `line`, deleted ones and claims counted; 0 if there is none."""
        return max(claims.numbers(self._path(line)), default=0)

    def fill(self, prefix: str, files: Mapping[str, Path]) -> list[FileEntry]:
        """Copies local files into a claimed tree, and brings them to the disk; what is there is replaced.

        A file that another version of the line has too costs no second copy, where the file system can share it.
        """
        folder = self._claimed(prefix)
        for path in files:
            check_file(path)
        return fill(LocalTree(folder, self.root), files, self._siblings(prefix))

    def commit(self, prefix: str, files: Sequence[FileEntry]) -> None:
        """Writes the manifest, last and exclusively: now the tree exists.

        Conflict where it exists already with other content, or a file is not as it was filled.
        """
        with self.closing(prefix):
            self._commit(prefix, files)

    def closing(self, prefix: str) -> AbstractContextManager[None]:
        """In which nothing takes its place in a claimed tree, so that it stays as it is until it is committed."""
        return closing(self._path(prefix) / claims.CLAIM)

    def _commit(self, prefix: str, files: Sequence[FileEntry]) -> None:
        folder = self._claimed(prefix)
        for entry in files:
            path = safe_join(folder, entry.path)
            if not path.is_file() or path.stat().st_size != entry.size:
                raise Conflict(
                    "A tree must hold what its manifest says",
                    got=f"{entry.path}, which is missing or has another size",
                    fix="Publish again.",
                )
        content = [asdict(entry) for entry in files]
        manifest = {
            "format_version": 1,
            "owner": claims.owner_of(folder),
            "created_at": timestamp(),
            "files": content,
        }
        with storage_errors(folder / MANIFEST):
            sync_folders(folder)
            created = create_exclusively(folder / MANIFEST, dump_json(manifest))
            sync_folder(folder)
        if not created and self.manifest(prefix)["files"] != content:
            raise Conflict(
                "A version is written once and never changed",
                got=f"{prefix}, which exists with other content",
                fix="Publish as a new version.",
            )

    def manifest(self, prefix: str) -> dict[str, Any]:
        """The manifest of a complete tree; NotFound where it is incomplete, deleted or absent."""
        return self._manifest(prefix, self._path(prefix))

    def trees(self, prefix: str = "") -> Iterator[str]:
        """The prefixes of all complete trees below `prefix`, in the order of their names."""
        for path in _walk(os.fspath(self._place(prefix)), self._files):
            yield os.path.relpath(path, self.root).replace(os.sep, "/")

    def lines(self) -> Iterator[str]:
        """The prefixes below which a number was ever given, be it a claim or a deleted version."""
        for folder, names, _ in os.walk(self.root):
            names[:] = sorted(
                name
                for name in names
                if not name.startswith(".") and os.path.join(folder, name) != self._files  # noqa: PTH118
            )
            if claims.numbers(Path(folder)):
                yield os.path.relpath(folder, self.root).replace(os.sep, "/")
                names.clear()

    def below(self, prefix: str) -> list[str]:
        """The names of the folders right below a prefix, in order; none where there is no such prefix."""
        try:
            with os.scandir(self._place(prefix)) as found:
                return sorted(
                    entry.name
                    for entry in found
                    if entry.name[0] != "." and entry.is_dir(follow_symlinks=False) and any(walk(entry.path))
                )
        except (FileNotFoundError, NotADirectoryError):
            return []

    def location(self, prefix: str) -> str:
        """The folder of a tree, as text."""
        return str(self.root / prefix)

    def tree(self, prefix: str) -> LocalTree:
        """The files below a prefix, whether or not they make a complete tree."""
        return LocalTree(self._path(prefix), self.root)

    def open(self, prefix: str, path: str) -> Path:
        """A local path to read a file of a complete tree from; NotFound where the tree has no such file."""
        folder = self._path(prefix)
        files = [entry["path"] for entry in self._manifest(prefix, folder)["files"]]
        if path in files:
            found = safe_join(folder, path)
            if found.is_file():
                return found
            self.manifest(prefix)  # Deleted meanwhile? Then that is what the error says.
        shown = ", ".join(files[:8])
        raise NotFound("The file must be one of the version's", got=f"{path} in {prefix}", fix=f"It holds {shown}.")

    def folder(self, prefix: str) -> Path:
        """The local folder of a complete tree; NotFound where it is incomplete, deleted or absent."""
        folder = self._path(prefix)
        self._manifest(prefix, folder)
        return folder

    def record(self, prefix: str, name: str) -> dict[str, Any] | None:
        """The object in a file beside a tree or line; None where there is none, NotFound where it is no JSON object."""
        return side.read(self._place(prefix), name)

    def amend(self, prefix: str, name: str, change: side.Change, *, make: bool = False) -> dict[str, Any] | None:
        """Replaces such an object by what `change` makes of it (None: removes it).

        NotFound without the folder, unless with `make` that is made; InvalidInput then where it would be a twin.
        """
        if make:
            self._path(prefix)
            claims.make_line(self.root, prefix.split("/"))
        if not prefix:
            with storage_errors(self.root):
                self.root.mkdir(parents=True, exist_ok=True)
        return side.amend(self._place(prefix), name, change)

    def workspace(self, name: str) -> AbstractContextManager[Path]:
        """A folder on the store's disk; Conflict where another process is in that of this name."""
        return workspace(self.root / ".staging", name)

    def delete(self, prefix: str, reason: str) -> None:
        """Writes the tombstone, then removes the content. A second call finishes what a killed one began."""
        folder = self._path(prefix)
        tombstone = folder / TOMBSTONE
        if not tombstone.exists():
            if not ((folder / MANIFEST).exists() or (folder / claims.CLAIM).exists()):
                raise self._missing(prefix, folder)
            write_json(
                tombstone,
                {
                    "format_version": 1,
                    "deleted_at": timestamp(),
                    "reason": reason,
                    "owner": claims.owner_of(folder),
                },
            )
        with storage_errors(folder):
            # The manifest goes first, so that whoever looks without knowing of tombstones sees no broken tree.
            for path in sorted(folder.iterdir(), key=lambda path: path.name != MANIFEST):
                if path.name == TOMBSTONE:
                    continue
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    def _siblings(self, prefix: str) -> Iterator[tuple[str, FileEntry]]:
        """Where the files of the newest versions beside `prefix` lie, and what they are."""
        line = prefix.rpartition("/")[0]
        own = self._path(prefix).name
        beside = [name for n in reversed(claims.numbers(self._path(line))) if (name := f"v{n}") != own]
        for name in beside[:SIBLINGS]:
            manifest = read_manifest(self._path(line) / name)
            for entry in manifest["files"] if manifest else ():
                yield (
                    f"{line}/{name}/{entry['path']}",
                    FileEntry(*(entry[field] for field in ("path", "size", "mtime", "digest"))),
                )

    def _place(self, prefix: str) -> Path:
        return self._path(prefix) if prefix else self.root

    def _path(self, prefix: str) -> Path:
        """The folder of a prefix; InvalidInput where it would lie, links followed, outside the store."""
        return safe_join(self.root, prefix)

    def _manifest(self, prefix: str, folder: Path) -> dict[str, Any]:
        manifest = None if (folder / TOMBSTONE).exists() else read_manifest(folder)
        if manifest is None or manifest.get("kind") == DIGESTS:
            raise self._missing(prefix, folder)
        return manifest

    def _claimed(self, prefix: str) -> Path:
        folder = self._path(prefix)
        if (folder / TOMBSTONE).exists() or not folder.is_dir():
            raise self._missing(prefix, folder)
        if (folder / MANIFEST).exists():
            raise complete(prefix)
        return folder

    def _missing(self, prefix: str, folder: Path) -> NotFound:
        try:
            tombstone = read_json(folder / TOMBSTONE)
        except (NotFound, NotADirectoryError):
            tombstone = None
        if isinstance(tombstone, dict):
            when, why = tombstone.get("deleted_at"), tombstone.get("reason")
            got = f"{prefix}, which was deleted at {when} ({why})"
        elif folder.is_dir():
            got = f"{prefix}, which is not complete"
        else:
            got = f"{prefix}, which does not exist"
        return NotFound("The version must exist", got=got, fix="List the versions there are.")


def _walk(folder: str, files: str) -> Iterator[str]:
    if folder == files or folder.startswith(files + os.sep):
        return
    try:
        with os.scandir(folder) as entries:
            listed = list(entries)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    names = {entry.name for entry in listed}
    if TOMBSTONE in names:
        return
    if claims.CLAIM in names:
        if MANIFEST in names:
            yield folder
        return
    if MANIFEST in names and read_manifest(Path(folder)) is not None:
        yield folder  # Copied here without its claim. A manifest.json of another program hides nothing below it.
    for entry in sorted(listed, key=lambda entry: entry.name):
        if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, files)
