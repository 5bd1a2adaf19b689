"""manifest.json: created last and exclusively, it makes a folder a tree."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from tidebook.store.copying import write_all

MANIFEST = "manifest.json"
DIGESTS = "digests"  #: the kind of a manifest.json that only says what is known of files, and makes no version


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest in `folder`; None where there is none, or a file of that name that is something else."""
    try:
        return parse_manifest((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def parse_manifest(data: bytes) -> dict[str, Any] | None:
    """The manifest that a file holds; None where it is something else."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("files"), list):
        return None
    whole = all(map(_is_entry, value["files"]))
    return value if whole else None


def _is_entry(value: object) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("path"), str)
        and isinstance(value.get("size"), int)
        and isinstance(value.get("mtime"), str)
        and isinstance(value.get("digest"), str)
    )


def create_exclusively(path: Path, data: bytes) -> bool:
    """Creates `path` with `data`, whole at once; False if somebody else has."""
    handle, name = tempfile.mkstemp(prefix=".manifest.", dir=path.parent)
    temporary = Path(name)
    try:
        try:
            write_all(handle, data)
            os.fchmod(handle, 0o644)
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EXDEV}:
                raise
            return _create_without_links(path, data)
        return True
    finally:
        temporary.unlink(missing_ok=True)


def _create_without_links(path: Path, data: bytes) -> bool:
    """The same where the file system has no hard links. A torn manifest is not JSON and so no version."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        return False
    try:
        write_all(handle, data)
        os.fsync(handle)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    return True


def sync_folder(folder: Path | str) -> None:
    """Brings the names in a folder to the disk."""
    with suppress(OSError):  # Some network drives cannot sync a folder.
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sync_folders(folder: Path) -> None:
    """Brings the names in a folder, in all below it and in its parent to the disk."""
    for path, _, _ in os.walk(folder):
        sync_folder(path)
    sync_folder(folder.parent)
