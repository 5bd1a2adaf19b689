"""Versions against their manifests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tidebook.core.errors import DataFault, NotFound, TidebookError
from tidebook.core.files import read_json
from tidebook.health.checks.archive import shelved
from tidebook.health.finding import TEMPORARY, Finding, Home, is_old
from tidebook.registry.adopt import MAKING
from tidebook.registry.item import ADOPTED, address_of
from tidebook.registry.labels import FILE as LABELS
from tidebook.store import LocalStore, verify
from tidebook.store.archiving import RECORD, archived
from tidebook.store.claims import CLAIM
from tidebook.store.manifest import MANIFEST

_OURS = frozenset({MANIFEST, "metadata.json", CLAIM, ADOPTED, MAKING, LABELS, RECORD})


def versions(home: Home) -> Iterator[Finding]:
    """Missing, changed and foreign files of all complete versions, and records beside them that cannot be read."""
    for prefix in home.store.trees():
        if address_of(prefix) is None:
            continue
        try:
            yield from _version(home, prefix)
        except NotFound:
            continue  # Deleted meanwhile.
        except TidebookError as error:
            yield Finding("version_unreadable", _name(home, prefix), str(error))


def _version(home: Home, prefix: str) -> Iterator[Finding]:
    name, manifest = _name(home, prefix), home.store.manifest(prefix)
    try:
        home.store.record(prefix, LABELS)
    except NotFound as error:
        yield Finding("record_broken", f"{name}/{LABELS}", error.got)
    yield from shelved(home, name, f"{name}/{RECORD}", home.thing("version", prefix))
    try:
        stands = archived(home.store, prefix)
    except DataFault:
        return  # What is away is not known.
    found = list(_files(home, prefix, manifest, frozenset(stands["files"] if stands else ())))
    if found and archived(home.store, prefix) != stands:
        return  # It goes to the archive, or comes back, at this moment.
    yield from found
    if isinstance(home.store, LocalStore):
        folder = home.store.root / prefix
        yield from _metadata(home, folder)
        known = {entry["path"] for entry in manifest["files"]} | _OURS
        for path in _below(folder):
            relative = path.relative_to(folder).as_posix()
            if relative not in known and not path.name.endswith(".broken") and _is_foreign(path):
                yield Finding("version_foreign", home.name(path), "", partial(home.set_aside, path))


def _files(home: Home, prefix: str, manifest: dict[str, Any], away: frozenset[str]) -> Iterator[Finding]:
    name = _name(home, prefix)
    if home.quick and isinstance(home.store, LocalStore):
        for entry in manifest["files"]:
            if entry["path"] in away:
                continue
            try:
                size = os.stat(home.store.root / prefix / entry["path"]).st_size  # noqa: PTH116 - as cheap as can be
            except OSError:
                yield Finding("version_missing", f"{name}/{entry['path']}")
                continue
            if size != entry["size"]:
                yield Finding("version_changed", f"{name}/{entry['path']}", f"{size:,} bytes of {entry['size']:,}")
    elif not home.quick:
        for fault in verify(home.store, prefix):
            missing = fault.endswith(" is missing")
            path = fault.removesuffix(" is missing" if missing else " has changed")
            if path not in away:
                yield Finding("version_missing" if missing else "version_changed", f"{name}/{path}")


def _metadata(home: Home, folder: Path) -> Iterator[Finding]:
    try:
        fault = "" if isinstance(read_json(folder / "metadata.json"), dict) else "no JSON object"
    except NotFound as error:
        if not (folder / "metadata.json").exists():
            return  # Told already where the manifest names it.
        fault = error.got
    if fault:
        yield Finding("metadata_broken", home.name(folder / "metadata.json"), fault)


def _is_foreign(path: Path) -> bool:
    """Hidden files may be what somebody is writing; those that Tidebook writes are told elsewhere."""
    return path.name[0] != "." or (not TEMPORARY.fullmatch(path.name) and is_old(path))


def _name(home: Home, prefix: str) -> str:
    return home.name(Path(home.store.location(prefix))) if isinstance(home.store, LocalStore) else prefix


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            yield Path(parent, name)
