"""Reads a tree again and says what is not as its manifest says."""

from __future__ import annotations

from blake3 import blake3

from tidebook.abc import Store
from tidebook.core.errors import NotFound


def verify(store: Store, prefix: str) -> list[str]:
    """What is missing or changed in the tree; an empty list where all is whole. NotFound where there is no tree."""
    faults, tree = [], store.tree(prefix)
    for entry in store.manifest(prefix)["files"]:
        hasher, size = blake3(), 0
        try:
            for piece in tree.read(entry["path"]):
                hasher.update(piece)
                size += len(piece)
        except NotFound:
            faults.append(f"{entry['path']} is missing")
            continue
        if size != entry["size"] or f"blake3:{hasher.hexdigest()}" != entry["digest"]:
            faults.append(f"{entry['path']} has changed")
    return faults
