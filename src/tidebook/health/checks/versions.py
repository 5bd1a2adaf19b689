"""Versions against their manifests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from tidebook.core.errors import DataFault, NotFound, TidebookError
from tidebook.core.files import read_json
from tidebook.health.finding import Finding, Home
from tidebook.registry.item import address_of
from tidebook.store import LocalStore, verify
from tidebook.store.archiving import archive_tree, archived
from tidebook.store.place import Place

RECORDS = ("labels.json", "archived.json")
_OURS = frozenset({"manifest.json", "metadata.json", ".claim", "adopted.json", *RECORDS})


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
    away: list[str] = []
    for record in RECORDS:
        try:
            home.store.record(prefix, record)
        except NotFound as error:
            yield Finding("record_broken", f"{name}/{record}", error.got)
    try:
        stands = archived(home.store, prefix)
    except DataFault as error:
        yield Finding("record_broken", f"{name}/archived.json", error.got)
        return
    if stands is not None:
        away = stands["files"]
        yield from _archived(home, prefix, stands)
    yield from _files(home, prefix, manifest, frozenset(away))
    if isinstance(home.store, LocalStore):
        folder = home.store.root / prefix
        yield from _metadata(home, folder)
        known = {entry["path"] for entry in manifest["files"]} | _OURS
        for path in _below(folder):
            relative = path.relative_to(folder).as_posix()
            if relative not in known and not path.name.startswith(".") and not path.name.endswith(".broken"):
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


def _archived(home: Home, prefix: str, record: dict[str, Any]) -> Iterator[Finding]:
    name = _name(home, prefix)
    place = Place(home.settings.archive_place)
    if not place.has("version", prefix):
        yield Finding("archive_missing", name, str(record.get("url") or ""))
        return
    if isinstance(home.store, LocalStore):
        left = [path for path in record["files"] if (home.store.root / prefix / path).is_file()]
        if left:
            finish = partial(archive_tree, home.store, prefix, home.settings.archive_place, by=None)
            yield Finding("archived_files_left", name, ", ".join(left[:5]), finish)


def _metadata(home: Home, folder: Path) -> Iterator[Finding]:
    try:
        fault = "" if isinstance(read_json(folder / "metadata.json"), dict) else "no JSON object"
    except NotFound as error:
        if not (folder / "metadata.json").exists():
            return  # Told already where the manifest names it.
        fault = error.got
    if fault:
        yield Finding("metadata_broken", home.name(folder / "metadata.json"), fault)


def _name(home: Home, prefix: str) -> str:
    return home.name(Path(home.store.location(prefix))) if isinstance(home.store, LocalStore) else prefix


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            yield Path(parent, name)
