"""Fills a tree with local files, and brings them to the disk before anything counts on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tidebook.abc import FileEntry
from tidebook.core import syncing
from tidebook.core.errors import TidebookError
from tidebook.store.copying import copy, digest, moment, opened
from tidebook.store.trees.local import LocalTree


def fill(tree: LocalTree, files: Mapping[str, Path], held: Iterable[tuple[str, FileEntry]]) -> list[FileEntry]:
    """The entries of what was copied or shared; where one fails, none is left.

    `held` names content that the store has already, and where below it.
    """
    places: dict[int, dict[str, str]] = {}
    for place, entry in held:
        places.setdefault(entry.size, {}).setdefault(entry.digest, place)
    entries: list[FileEntry] = []
    try:
        for path, source in sorted(files.items()):
            entries.append(_shared(tree, Path(source), path, places) or _copied(tree, Path(source), path))
        syncing.together([tree.place(entry.path) for entry in entries])
    except BaseException:
        tree.discard([entry.path for entry in entries])  # What nobody will see must not fill the disk.
        raise
    return entries


def _copied(tree: LocalTree, source: Path, path: str) -> FileEntry:
    return copy(source, tree.place(path, write=True), path, guard=tree.placing)


def _shared(tree: LocalTree, source: Path, path: str, places: Mapping[int, Mapping[str, str]]) -> FileEntry | None:
    """The file as it is shared; None where its content is not held, or cannot be shared."""
    try:
        with opened(source) as (_, before):
            pass
        if before.st_size not in places:
            return None
        entry = FileEntry(path, before.st_size, moment(before.st_mtime_ns), digest(source))
    except TidebookError:
        return None  # Copying says what is wrong.
    place = places[before.st_size].get(entry.digest)
    return entry if place is not None and tree.share(entry, place) else None
