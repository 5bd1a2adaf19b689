"""Small mutable JSON objects beside trees and lines in a folder: labels.json, aliases.json, archived.json …"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tidebook.core.errors import NotFound
from tidebook.core.files import check_segment, read_json, storage_errors, write_json

Change = Callable[[dict[str, Any] | None], dict[str, Any] | None]


def read(folder: Path, name: str) -> dict[str, Any] | None:
    """The object in the file; None where there is none. NotFound where it is no JSON object."""
    path = folder / check_segment(name, "The name of a record")
    if not path.is_file():
        return None
    value = read_json(path)
    if not isinstance(value, dict):
        raise NotFound(
            f"{name} must be a JSON object", got=f"another value in {folder.name}", fix="Restore it or delete it."
        )
    return value


def amend(folder: Path, name: str, change: Change) -> dict[str, Any] | None:
    """Replaces the object by what `change` makes of it, None for none; changes by several processes wait for another.

    What is there but no JSON object is kept aside as `{name}.broken`. NotFound where the folder does not exist.
    """
    path = folder / check_segment(name, "The name of a record")
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("It must exist to be changed", got=folder.name, fix="It may have been deleted.") from error
    try:
        with storage_errors(path):
            fcntl.flock(handle, fcntl.LOCK_EX)  # on the folder, so that it needs no file of its own
        after = change(before := _whole(path))
        if after is None:
            with storage_errors(path):
                path.unlink(missing_ok=True)
        elif after != before:
            write_json(path, after)
        return after
    finally:
        os.close(handle)


def _whole(path: Path) -> dict[str, Any] | None:
    try:
        return read(path.parent, path.name)
    except NotFound:
        path.replace(path.with_name(f"{path.name}.broken"))
        return None
