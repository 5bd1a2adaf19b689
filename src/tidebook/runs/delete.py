"""Deleting a run."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, NotFound
from tidebook.core.files import storage_errors, write_json
from tidebook.runs.record import DELETED, ENDED, describe, is_run, read_object


def delete_run(folder: Path, reason: str = "") -> None:
    """Writes deleted.json, then removes the content; a second call finishes what a killed one began.

    Conflict while a process writes the run, NotFound where there is none.
    """
    if not (folder / DELETED).exists():
        if not is_run(folder):
            raise NotFound("A run must exist to be deleted", got=folder.name, fix="It may have been deleted already.")
        described = describe(folder)
        if is_live(described):
            writer = described["writer"]
            raise Conflict(
                "A run must have ended to be deleted",
                got=f"{folder.name}, which process {writer.get('pid')} on {writer.get('host')} is writing",
                fix="Wait until it ends, or stop that process.",
            )
        write_json(
            folder / DELETED,
            {
                "format_version": 1,
                "deleted_at": timestamp(),
                "reason": reason,
                "id": read_object(folder / "metadata.json", []).get("id"),
            },
        )
    with storage_errors(folder):
        for path in folder.iterdir():
            if path.name == DELETED:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def is_live(described: dict[str, Any]) -> bool:
    """Whether a process writes the run, going by its metadata as `describe` gives it."""
    return described["status"] not in ENDED and isinstance(described.get("writer"), dict)
