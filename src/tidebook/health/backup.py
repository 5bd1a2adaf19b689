"""A copy of a whole home while it is in use: one packed file, or a folder."""

from __future__ import annotations

import os
import re
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from blake3 import blake3

import tidebook
from tidebook.abc import Store
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.core.files import dump_json, storage_errors
from tidebook.core.settings import Settings
from tidebook.health.copying import Snapshot, date, pieces, snapshots
from tidebook.store import open_store
from tidebook.store.copying import nanoseconds_of
from tidebook.store.packing import writing
from tidebook.store.remote import shown

MANIFEST, DATABASE = "backup.json", "tidebook.db"
SUFFIXES = (".tar.zst", ".tzst")
_ENDING = re.compile(r"\.(?=[^.]*[A-Za-z])[A-Za-z0-9]{1,8}")


@dataclass(frozen=True)
class Backup:
    """What a backup holds."""

    files: int
    bytes: int
    left_out: tuple[str, ...]  #: store, archive, database: what lies elsewhere and is not in it


class _Target(Protocol):
    def add(self, snapshot: Snapshot) -> str:
        """Takes a file and returns its digest."""


def backup(settings: Settings, target: Path, *, store: bool = False) -> Backup:
    """Writes a backup of the home to `target`: a packed file where it ends in .tar.zst or .tzst, else a new folder.

    Versions in a store elsewhere come along with `store`. It holds users, hashed tokens and all data: only its owner
    may read it. InvalidInput for another ending, Conflict where `target` is there, NotFound without a home,
    StorageFailure where the disk is full; then nothing is left behind.
    """
    is_packed = target.name.endswith(SUFFIXES)
    if not is_packed and _ENDING.fullmatch(target.suffix):
        raise InvalidInput(
            f"A backup is a file that ends in {' or '.join(SUFFIXES)}, or a folder, whose name has no ending",
            got=f"{target.name[:120]}, which ends in {target.suffix}",
            fix=f"Write for example {target.stem.removesuffix('.tar')[:120]}.tar.zst.",
        )
    if not settings.home.is_dir():
        raise NotFound("A home must exist to be backed up", got=str(settings.home), fix="Set TIDEBOOK_HOME.")
    if target.exists() or target.is_symlink():
        raise Conflict("A backup must be new", got=f"{target}, which exists", fix="Choose another name.")
    if target.absolute().is_relative_to(settings.home.absolute()):
        raise Conflict("A backup must lie outside the home", got=str(target), fix="Choose another folder.")
    opened = _packed(target) if is_packed else _folder(target)
    files: list[dict[str, Any]] = []
    with storage_errors(target), opened as into:
        for snapshot in _everything(settings, store=store):
            digest = into.add(snapshot)
            files.append({"path": snapshot.path, "size": snapshot.size, "digest": digest})
        made = {"format_version": 1, "made_at": timestamp(), "tidebook": tidebook.__version__, "files": files}
        content = dump_json(made)
        into.add(Snapshot(MANIFEST, len(content), 0.0, BytesIO(content)))
    return Backup(len(files), sum(entry["size"] for entry in files), tuple(_left_out(settings, store=store)))


def _everything(settings: Settings, *, store: bool) -> Iterator[Snapshot]:
    # The database first: what is published after it is found by the files, and rows that lack theirs go by themselves.
    if settings.database_url is None and (settings.home / DATABASE).exists():
        with tempfile.TemporaryDirectory(dir=_room(settings)) as folder:
            copy = Path(folder, DATABASE)
            with (
                closing(sqlite3.connect(settings.home / DATABASE, timeout=30)) as source,
                closing(sqlite3.connect(copy)) as into,
            ):
                source.backup(into)
            with copy.open("rb") as file:
                yield Snapshot(DATABASE, copy.stat().st_size, copy.stat().st_mtime, file)
    away: list[tuple[str, dict[str, Any]]] = []
    if store and settings.store:
        yield from _stored(settings, away)
    yield from snapshots(settings)
    for prefix, entry in away:  # What has come back since is not in the archive any more.
        yield from _file(settings, open_store(settings), prefix, entry)


def _stored(settings: Settings, away: list[tuple[str, dict[str, Any]]]) -> Iterator[Snapshot]:
    """The versions of a store elsewhere, as saved_models/ holds them; `away` is filled with what is archived."""
    elsewhere = open_store(settings)
    for line in elsewhere.lines():
        for name in ("aliases.json", "labels.json"):
            yield from _record(elsewhere.record(line, name), f"saved_models/{line}/{name}")
    for prefix in elsewhere.trees():
        try:
            manifest = elsewhere.manifest(prefix)
        except NotFound:
            continue
        for entry in manifest["files"]:
            is_here = False
            for snapshot in _file(settings, elsewhere, prefix, entry):
                is_here = True
                yield snapshot
            if not is_here:
                away.append((prefix, entry))
        for name in ("labels.json", "archived.json"):
            yield from _record(elsewhere.record(prefix, name), f"saved_models/{prefix}/{name}")
        yield from _record(manifest, f"saved_models/{prefix}/manifest.json")


def _file(settings: Settings, store: Store, prefix: str, entry: dict[str, Any]) -> Iterator[Snapshot]:
    """A file of a version; nothing where it is in the archive."""
    with tempfile.TemporaryFile(dir=_room(settings)) as file:
        try:
            for piece in store.tree(prefix).read(entry["path"]):
                file.write(piece)
        except NotFound:
            return
        size = file.tell()
        file.seek(0)
        mtime = 0.0
        with suppress(ValueError, OverflowError):  # Else it is none.
            mtime = nanoseconds_of(entry["mtime"]) / 1e9
        yield Snapshot(f"saved_models/{prefix}/{entry['path']}", size, mtime, file)


def _record(value: dict[str, Any] | None, path: str) -> Iterator[Snapshot]:
    if value is not None:
        content = dump_json(value)
        yield Snapshot(path, len(content), 0.0, BytesIO(content))


def _left_out(settings: Settings, *, store: bool) -> Iterator[str]:
    if settings.store and not store:
        yield f"store: {shown(settings.store)}"
    if settings.archive:
        yield f"archive: {shown(settings.archive)}"
    if settings.database_url is not None:
        yield "database"


def _room(settings: Settings) -> Path:
    room = settings.cache / "backup"
    room.mkdir(parents=True, exist_ok=True)
    return room


class _Tar:
    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive

    def add(self, snapshot: Snapshot) -> str:
        info = tarfile.TarInfo(snapshot.path)
        info.size, info.mtime, info.mode = snapshot.size, snapshot.mtime, 0o600
        reader = _Digested(snapshot)
        self._archive.addfile(info, reader)
        return reader.digest


class _Digested:
    def __init__(self, snapshot: Snapshot) -> None:
        self._pieces, self._rest, self._hasher = pieces(snapshot.file, snapshot.size), b"", blake3()

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and (piece := next(self._pieces, b"")):
            self._rest += piece
        chunk, self._rest = self._rest[:size], self._rest[size:]
        self._hasher.update(chunk)
        return chunk

    @property
    def digest(self) -> str:
        return f"blake3:{self._hasher.hexdigest()}"


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def add(self, snapshot: Snapshot) -> str:
        target, hasher = self._root / snapshot.path, blake3()
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            for piece in pieces(snapshot.file, snapshot.size):
                hasher.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        date(target, snapshot.mtime)
        return f"blake3:{hasher.hexdigest()}"


@contextmanager
def _packed(target: Path) -> Iterator[_Target]:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}-0")
    try:
        with writing(temporary) as archive:
            temporary.chmod(0o600)
            yield _Tar(archive)
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _folder(target: Path) -> Iterator[_Target]:
    import shutil

    temporary = target.with_name(f".{target.name}.{os.getpid()}-0")
    temporary.mkdir(parents=True, mode=0o700)
    try:
        yield _Folder(temporary)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
