"""What killed processes left: claims, half deleted things, workspaces, temporary files."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tidebook.core.errors import InvalidInput
from tidebook.core.scope import Address
from tidebook.health.finding import Finding, Home, is_locked, is_old
from tidebook.registry.adopt import adopt, foreign
from tidebook.store import LocalStore
from tidebook.store.claims import CLAIM
from tidebook.store.local import TOMBSTONE
from tidebook.store.manifest import MANIFEST, read_manifest

_TEMPORARY = re.compile(r"\..+\.\d+-[0-9a-f]+|\..+\.part|\.manifest\..+|\.import-\d+-[0-9a-f]+")
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
        if not _VERSION.fullmatch(folder.name) or not _is_version(folder.relative_to(store.root)):
            continue
        if TOMBSTONE in held:
            left = sorted(held - {TOMBSTONE})
            if left:
                prefix = folder.relative_to(store.root).as_posix()
                finish = partial(store.delete, prefix, "")
                yield Finding("deletion_unfinished", home.name(folder), ", ".join(left[:5]), finish)
            folders.clear()
        elif MANIFEST in held and CLAIM in held and read_manifest(folder) is None:
            yield Finding("manifest_broken", home.name(folder))
            folders.clear()
        elif CLAIM in held and MANIFEST not in held and is_old(folder) and not is_locked(folder):
            yield Finding("claim_abandoned", home.name(folder), "", partial(_give_up, home, store, folder))
            folders.clear()


def _is_version(path: Path) -> bool:
    try:
        return Address.parse(path.as_posix()).version is not None
    except InvalidInput:
        return False


def _give_up(home: Home, store: LocalStore, folder: Path) -> None:
    """The number stays taken; what was there goes aside."""
    if (folder / MANIFEST).exists():
        return  # It was finished meanwhile.
    for path in sorted(folder.iterdir()):
        if path.name != CLAIM and not path.name.startswith("."):
            home.set_aside(path)
    store.delete(folder.relative_to(store.root).as_posix(), "abandoned before it was complete")


def _workspaces(home: Home, below: Path) -> Iterator[Finding]:
    for folder in _listed(below):
        if folder.is_dir() and is_old(folder) and not is_locked(folder):
            yield Finding("workspace_left", home.name(folder), "", partial(shutil.rmtree, folder, ignore_errors=True))


def _temporary(home: Home, root: Path) -> Iterator[Finding]:
    for parent, folders, names in os.walk(root):
        for name in [*folders, *names]:
            path = Path(parent, name)
            if _TEMPORARY.fullmatch(name) and is_old(path) and not is_locked(path):
                yield Finding("temporary_left", home.name(path), "", partial(_remove, path))
        folders[:] = [name for name in folders if not name.startswith(".")]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
