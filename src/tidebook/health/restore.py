"""A home from a backup, every file verified before the home is there."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from blake3 import blake3

from tidebook.core.errors import Conflict, DataFault, NotFound, TooLarge
from tidebook.core.files import MAX_RECORD_BYTES, safe_join, storage_errors
from tidebook.health.backup import MANIFEST, Backup
from tidebook.health.copying import date
from tidebook.store.packing import reading

_PIECE = 1 << 20
_MOST = 64 * MAX_RECORD_BYTES  #: bytes of backup.json


def restore(source: Path, home: Path) -> Backup:
    """Makes `home` from a backup; it appears at once and whole, or not at all.

    Conflict where `home` is there and not empty, NotFound without a backup, DataFault where it is damaged or not one
    of ours, TooLarge where the disk has no room for it.
    """
    if not source.exists():
        raise NotFound("The backup must exist", got=str(source), fix="Check the path.")
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise Conflict(
            "A backup is restored to a home that is new or empty",
            got=f"{home}, which is not",
            fix="Choose another folder, or move that one away.",
        )
    with storage_errors(home):
        home.parent.mkdir(parents=True, exist_ok=True)
        temporary = home.with_name(f".{home.name}.{os.getpid()}-0")
        temporary.mkdir(mode=0o700)
        try:
            with _members(source) as members:
                digests = _unpacked(members, temporary, source.name)
            manifest = _manifest(temporary, source.name)
            _check(manifest, digests, source.name)
            (temporary / MANIFEST).unlink()
            if home.exists():
                home.rmdir()
            temporary.rename(home)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return Backup(len(manifest), sum(entry["size"] for entry in manifest), ())


Member = tuple[str, int, float, Any]  #: path, size, time, file


def _unpacked(members: Iterator[Member], folder: Path, name: str) -> dict[str, tuple[int, str]]:
    """Writes every member below `folder`; sizes and digests by path."""
    found: dict[str, tuple[int, str]] = {}
    for path, size, mtime, reader in members:
        target = safe_join(folder, path)
        if shutil.disk_usage(folder).free < size:
            raise TooLarge("The disk must have room for the backup", got=f"{size:,} bytes more", fix="Free some space.")
        target.parent.mkdir(parents=True, exist_ok=True)
        hasher, count = blake3(), 0
        try:
            with target.open("xb") as file:
                while piece := reader.read(_PIECE):
                    hasher.update(piece)
                    count += len(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise _damaged(name, f"{path[:80]!r} is in it twice") from error
        date(target, mtime)
        found[path] = count, f"blake3:{hasher.hexdigest()}"
    return found


def _manifest(folder: Path, name: str) -> list[dict[str, Any]]:
    file = folder / MANIFEST
    if not file.is_file() or file.stat().st_size > _MOST:
        raise _damaged(name, f"it has no {MANIFEST}; it was cut, or is no backup")
    try:
        files = orjson.loads(file.read_bytes())["files"]
        return [{"path": str(each["path"]), "size": int(each["size"]), "digest": str(each["digest"])} for each in files]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise _damaged(name, f"{MANIFEST} in it cannot be read") from error


def _check(manifest: list[dict[str, Any]], found: dict[str, tuple[int, str]], name: str) -> None:
    wanted = {entry["path"]: (entry["size"], entry["digest"]) for entry in manifest}
    for path, facts in wanted.items():
        if path not in found:
            raise _damaged(name, f"{path} is missing in it")
        if found[path] != facts:
            raise _damaged(name, f"{path} in it has changed")
    more = found.keys() - wanted.keys() - {MANIFEST}
    if more:
        raise _damaged(name, f"{min(more)[:80]!r} in it is not of the backup")


@contextmanager
def _members(source: Path) -> Iterator[Iterator[Member]]:
    if source.is_dir():
        yield _files(source)
        return
    with source.open("rb") as file, reading(file, source.name) as archive:
        yield _packed(archive, source.name)


def _files(folder: Path) -> Iterator[Member]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            facts = path.lstat()
            if path.is_symlink() or not path.is_file():
                raise _damaged(folder.name, f"{name!r} in it is no file")
            with path.open("rb") as file:
                yield path.relative_to(folder).as_posix(), facts.st_size, facts.st_mtime, file


def _packed(archive: tarfile.TarFile, name: str) -> Iterator[Member]:
    for info in archive:
        if not info.isreg() or info.issparse():
            raise _damaged(name, f"{info.name[:80]!r} in it is no file")
        yield info.name, info.size, float(info.mtime), archive.extractfile(info)


def _damaged(name: str, fault: str) -> DataFault:
    return DataFault(
        "A backup must be as it was written", got=f"{name}: {fault}", fix="Take another one; nothing was restored."
    )
