"""Something in a home that is not as it should be."""

from __future__ import annotations

import fcntl
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tidebook.abc import Store
from tidebook.core.clock import now
from tidebook.core.files import storage_errors
from tidebook.core.locales import sentence
from tidebook.core.settings import Settings
from tidebook.retention.moving import Kind, thing
from tidebook.store.place import Place
from tidebook.store.shelving import Thing

TEMPORARY = re.compile(r"\..+\.\d+-[0-9a-f]+|\..+\.part|\.manifest\..+|\.import-\d+-[0-9a-f]+")  #: what we write
OLD = 3600.0  #: seconds after which what is half written is taken for left behind
LISTS = frozenset({"row_without_file", "file_without_row"})  #: lists behind the files, as a command line leaves them
_PACKAGE = "tidebook.health"


@dataclass(frozen=True)
class Finding:
    """What is wrong with one thing."""

    code: str  #: `locales/` say for each what it means, and under `{code}_repair` what is done about it
    path: str  #: below the home, or an address
    detail: str = ""  #: what exactly
    mend: Callable[[], object] | None = field(default=None, repr=False)  #: None: nothing can be done here

    @property
    def is_fault(self) -> bool:
        """Whether something is wrong; lists that are behind are brought in line by the next start of a server."""
        return self.code not in LISTS

    def meaning(self) -> dict[str, str]:
        """What it means, in each language."""
        return sentence(_PACKAGE, self.code)

    def repair(self) -> dict[str, str]:
        """What a repair does about it, or what to do oneself, in each language."""
        return sentence(_PACKAGE, f"{self.code}_repair")


@dataclass(frozen=True)
class Home:
    """What is looked at."""

    settings: Settings
    store: Store
    quick: bool = False  #: sizes only, no digests

    @cached_property
    def place(self) -> Place:
        """The archive."""
        return Place.of(self.settings)

    def thing(self, kind: Kind, name: str) -> Thing:
        """What may be archived; InvalidInput for a name that nothing of the kind has."""
        return thing(self.settings, kind, name, self.store)

    def name(self, path: Path) -> str:
        """A path as findings call it."""
        try:
            return path.absolute().relative_to(self.settings.home.absolute()).as_posix()
        except ValueError:
            return str(path)

    def set_aside(self, path: Path) -> Path:
        """Moves what might be somebody's to lost+found/, under its own path and the time."""
        target = self.settings.home / "lost+found" / f"{now():%Y%m%d_%H%M%S}" / self.name(path).lstrip("/")
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            number = 1
            free = target
            while free.exists():
                number += 1
                free = target.with_name(f"{target.name}_{number}")
            path.rename(free)
        return free


def is_old(path: Path) -> bool:
    """Whether nothing in a file or folder was changed for an hour."""
    newest = 0.0
    try:
        newest = path.lstat().st_mtime
        if path.is_dir() and not path.is_symlink():
            for parent, folders, names in os.walk(path):
                for name in (*folders, *names):
                    newest = max(newest, Path(parent, name).lstat().st_mtime)
    except FileNotFoundError:
        return False  # Somebody is at it.
    return time.time() - newest > OLD


def is_locked(path: Path) -> bool:
    """Whether a living process holds the lock of a file or folder."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # A file system without locks.
    finally:
        os.close(handle)
    return False


def told(finding: Finding, language: str, **more: Any) -> dict[str, Any]:
    """A finding as plain values, in one language."""
    return {
        "code": finding.code,
        "path": finding.path,
        "detail": finding.detail,
        "meaning": finding.meaning()[language],
        "repair": finding.repair()[language],
        "is_fault": finding.is_fault,
        "can_be_mended": finding.mend is not None,
        **more,
    }
