"""What differs: between a folder and a version, and between two versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tidebook.abc import FileEntry, Store
from tidebook.core.scope import Address
from tidebook.store.copying import digest_of
from tidebook.store.local import FILES
from tidebook.store.pipe import FilePipe
from tidebook.store.trees.local import Folder


@dataclass(frozen=True)
class Status:
    """A folder beside a version."""

    new: list[str] = field(default_factory=list)  #: in the folder only
    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  #: in the version only
    same: int = 0  #: files that are as in the version
    refused: dict[str, str] = field(default_factory=dict)  #: what the store would not take, and what it is


def status(pipe: FilePipe, folder: Path, ours: Collection[str] | None = None) -> Status:
    """How the folder differs from the version; `ours` are the paths that count (default: all that are there).

    Files that differ in their time alone are read. NotFound where there is no such version.
    """
    tree = Folder(folder, ours)
    here, there = tree.entries(), pipe.existing()
    common = sorted(here.keys() & there.keys())
    changed = [path for path in common if _differs(tree, pipe, here[path], there[path])]
    return Status(
        new=sorted(here.keys() - there.keys()),
        changed=changed,
        missing=sorted(there.keys() - here.keys()),
        same=len(common) - len(changed),
        refused=tree.refused(),
    )


def diff(a: FilePipe, b: FilePipe) -> list[dict[str, Any]]:
    """What became of each file from version `a` to `b`: path, status, a_size, b_size; in the order of the paths.

    The status is same, changed, added or removed. NotFound where one of the versions does not exist.
    """
    before, after = a.existing(), b.existing()
    rows = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old is None or new is None:
            state = "added" if old is None else "removed"
        else:
            state = "changed" if _unlike(a, b, old, new) else "same"
        sizes = {"a_size": None if old is None else old.size, "b_size": None if new is None else new.size}
        rows.append({"path": path, "status": state, **sizes})
    return rows


def log(store: Store, model: str) -> list[dict[str, Any]]:
    """The versions of a model of files, or of a line of the registry, the newest first.

    Each with version, files, bytes and modified_at: when its newest file was changed, or it was published.
    """
    if "/" in model:
        return _published(store, Address.parse(model).folder)
    found = []
    for version in store.below(f"{FILES}/{model}"):
        found.append({"version": version, **summary(store.tree(f"{FILES}/{model}/{version}").entries())})
    return sorted(found, key=lambda item: item["modified_at"] or "", reverse=True)


def _published(store: Store, line: str) -> list[dict[str, Any]]:
    found = []
    for tree in store.trees(line):
        manifest = store.manifest(tree)
        files = manifest["files"]
        sizes = {"files": len(files), "bytes": sum(entry["size"] for entry in files)}
        found.append({"version": tree.rpartition("/")[2], **sizes, "modified_at": manifest.get("created_at")})
    return sorted(found, key=lambda item: int(item["version"][1:]), reverse=True)


def summary(entries: Mapping[str, FileEntry]) -> dict[str, Any]:
    """How many files and bytes these are, and when the newest of them was changed."""
    return {
        "files": len(entries),
        "bytes": sum(entry.size for entry in entries.values()),
        "modified_at": max((entry.mtime for entry in entries.values()), default=None),
    }


def _differs(tree: Folder, pipe: FilePipe, here: FileEntry, there: FileEntry) -> bool:
    if here.size != there.size:
        return True
    if datetime.fromisoformat(here.mtime) == datetime.fromisoformat(there.mtime):
        return False
    known = there.digest or digest_of(pipe.tree.read(there.path))
    return digest_of(tree.read(here.path)) != known


def _unlike(a: FilePipe, b: FilePipe, old: FileEntry, new: FileEntry) -> bool:
    if old.size != new.size:
        return True
    return (old.digest or digest_of(a.tree.read(old.path))) != (new.digest or digest_of(b.tree.read(new.path)))
