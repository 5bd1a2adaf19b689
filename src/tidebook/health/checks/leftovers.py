"""What killed processes left: claims, half deleted things, workspaces, temporary files."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from tidebook.core.errors import InvalidInput
from tidebook.core.scope import Address
from tidebook.health.finding import TEMPORARY, Finding, Home, is_locked, is_old
from tidebook.registry.adopt import adopt, foreign
from tidebook.registry.aliases import FILE as ALIASES
from tidebook.registry.journal import NAME as JOURNAL
from tidebook.registry.labels import FILE as LABELS
from tidebook.registry.versions import NAME as NUMBERS
from tidebook.store import LocalStore
from tidebook.store.claims import CLAIM
from tidebook.store.local import FILES, TOMBSTONE
from tidebook.store.manifest import MANIFEST, read_manifest

_RECORDS = frozenset({ALIASES, JOURNAL, LABELS, NUMBERS})
_VERSION = re.compile(r"v[1-9]\d{0,8}")


def leftovers(home: Home) -> Iterator[Finding]:
    """In the store where it is a folder, and in the rest of the home."""
    if isinstance(home.store, LocalStore):
        yield from _versions(home, home.store)
        yield from _workspaces(home, home.store.root / ".staging")
        yield from _temporary(home, home.store.root)
        for prefix in foreign(home.store):
            yield Finding(
                "version_not_adopted", home.name(home.store.root / prefix), "", partial(adopt, home.store, prefix)
            )
    for name in ("out", "saved_predictions", "datasets", "tasks"):
        yield from _temporary(home, home.settings.home / name)
    yield from _workspaces(home, home.settings.cache / "archiving")


def _versions(home: Home, store: LocalStore) -> Iterator[Finding]:
    for parent, folders, names in os.walk(store.root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        folder, held = Path(parent), {*names, *folders}
        if folder == store.root:
            folders[:] = [name for name in folders if name != FILES]  # They have no numbers.
        if not _VERSION.fullmatch(folder.name) or not _is_version(folder.relative_to(store.root)):
            for name in sorted(names):
                if name[0] != "." and name not in _RECORDS and not name.endswith(".broken"):
                    yield Finding("foreign_file", home.name(folder / name))
            continue
        if TOMBSTONE in held:
            left = sorted(held - {TOMBSTONE})
            if left:
                prefix = folder.relative_to(store.root).as_posix()
                finish = partial(store.delete, prefix, "")
                yield Finding("deletion_unfinished", home.name(folder), ", ".join(left[:5]), finish)
        elif MANIFEST in held and CLAIM in held and read_manifest(folder) is None:
            yield Finding("manifest_broken", home.name(folder))
        elif CLAIM in held and MANIFEST not in held and is_old(folder) and not is_locked(folder):
            yield Finding("claim_abandoned", home.name(folder), "", partial(_give_up, home, store, folder))
        folders.clear()  # What is wrong inside of versions is told elsewhere.


def _is_version(path: Path) -> bool:
    try:
        return Address.parse(path.as_posix()).version is not None
    except InvalidInput:
        return False


def _give_up(home: Home, store: LocalStore, folder: Path) -> None:
    """The number stays taken; what was there goes aside."""
    if (folder / MANIFEST).exists() or not is_old(folder) or is_locked(folder):
        return  # It was finished meanwhile, or somebody is at it again.
    for path in sorted(folder.iterdir()):
        if path.name != CLAIM and not path.name.startswith("."):
            home.set_aside(path)
    store.delete(folder.relative_to(store.root).as_posix(), "abandoned before it was complete")


def _workspaces(home: Home, below: Path) -> Iterator[Finding]:
    for folder in _listed(below):
        if folder.is_dir() and is_old(folder) and not is_locked(folder):
            yield Finding("workspace_left", home.name(folder), "", partial(_leave, folder))


def _leave(folder: Path) -> None:
    """Removes a workspace in which nobody works, and lets nobody begin to meanwhile."""
    with suppress(FileNotFoundError, BlockingIOError):
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_old(folder):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)


def _temporary(home: Home, root: Path) -> Iterator[Finding]:
    for parent, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = Path(parent, name)
            if TEMPORARY.fullmatch(name) and is_old(path) and not is_locked(path):
                yield Finding("temporary_left", home.name(path), "", partial(_remove, path))
        folders[:] = [name for name in folders if not name.startswith(".")]


def _remove(path: Path) -> None:
    if not is_old(path) or is_locked(path):
        return  # Somebody is at it again.
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
