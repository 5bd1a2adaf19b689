"""A run by its name, for a user who sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidebook.catalog.access import Access
from tidebook.core.errors import NotFound
from tidebook.runs.filters.fields import field
from tidebook.server.services import Services

Found = tuple[dict[str, Any], Path]

_CREATED = field("created")


@dataclass(frozen=True)
class Current:
    """A run as it is known now."""

    item: dict[str, Any]
    folder: Path
    change: int  #: the number of its last change
    live: bool  #: whether a process may be writing it


def find(parts: Services, access: Access, run_name: str) -> Found:
    """The item and the folder of a run; NotFound where there is none that the user sees."""
    found = current(parts, access, run_name)
    return found.item, found.folder


def current(parts: Services, access: Access, run_name: str) -> Current:
    """The run and how it stands; NotFound as in `find`."""
    try:
        item, change, live = parts.runs.change_of(run_name, access)
    except NotFound:
        if not _may_be_new(parts, run_name):
            raise
        parts.sync.runs.refresh([run_name])
        item, change, live = parts.runs.change_of(run_name, access)
    return Current(item, parts.settings.out / item["run_name"], change, live)


def began(item: dict[str, Any]) -> float | None:
    """When the run began, in seconds since 1970."""
    moment = _CREATED.of(item)[0]
    return None if moment is None else moment / 1000


def _may_be_new(parts: Services, run_name: str) -> bool:
    """Whether there is a folder of this name that the lists may not know yet."""
    if not run_name.isprintable() or "/" in run_name or run_name.startswith(".") or len(run_name.encode()) > 255:
        return False
    return (parts.settings.out / run_name).is_dir()
