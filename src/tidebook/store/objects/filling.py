"""Sends local files into a tree of an object store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from tidebook.abc import FileEntry
from tidebook.store.copying import digest, moment, opened
from tidebook.store.trees.local import Folder
from tidebook.store.trees.objects import ObjectTree

WORKERS = 4


def fill(tree: ObjectTree, files: Mapping[str, Path], held: Iterable[tuple[str, FileEntry]]) -> list[FileEntry]:
    """The entries of what was sent, or copied inside the store; where one fails, none is left.

    `held` names content that the store has already, and where.
    """
    places: dict[int, dict[str, str]] = {}
    for place, entry in held:
        places.setdefault(entry.size, {}).setdefault(entry.digest, place)

    def one(item: tuple[str, Path]) -> FileEntry:
        path, source = item[0], Path(item[1])
        with opened(source) as (_, found):
            entry = FileEntry(path, found.st_size, moment(found.st_mtime_ns), "")
        if entry.size in places:
            entry = FileEntry(path, entry.size, entry.mtime, digest(source))
            place = places[entry.size].get(entry.digest)
            if place is not None and tree.share(entry, place):
                return entry
        return tree.take(Folder(source.parent), replace(entry, path=source.name), path)

    ordered = sorted(files.items())
    try:
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(one, ordered))
    except BaseException:
        tree.discard([path for path, _ in ordered])  # What nobody will see must not take space.
        raise
