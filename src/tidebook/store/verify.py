"""Reads a tree again and says what is not as its manifest says."""

from __future__ import annotations

from tidebook.abc import Store
from tidebook.core.errors import NotFound
from tidebook.store.copying import digest


def verify(store: Store, prefix: str) -> list[str]:
    """What is missing or changed in the tree; an empty list where all is whole. NotFound where there is no tree."""
    faults = []
    for entry in store.manifest(prefix)["files"]:
        try:
            path = store.open(prefix, entry["path"])
            if path.stat().st_size != entry["size"] or digest(path) != entry["digest"]:
                faults.append(f"{entry['path']} has changed")
        except (NotFound, FileNotFoundError):
            faults.append(f"{entry['path']} is missing")
    return faults
