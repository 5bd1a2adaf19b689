"""Removes the originals of files that have been moved to a store: only what is there, verified, and on its disk."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from tidebook.abc import FileEntry, Tree
from tidebook.core import syncing
from tidebook.core.errors import TidebookError
from tidebook.store.copying import changed, digest, digest_of, moment, opened, wrong
from tidebook.store.transfer import Transferred
from tidebook.store.trees.local import Folder, LocalTree


def remove_originals(source: Folder, target: Tree, names: Mapping[str, str], result: Transferred) -> Transferred:
    """Removes what was transferred, and the folders that are empty then; `names`: path at the source → at the target.

    What cannot be removed, or has changed since, stays and is added to what failed.
    """
    there = result.entries
    arrived = {path: there[goal] for path, goal in names.items() if goal in there}
    if isinstance(target, LocalTree):
        places = [target.place(entry.path) for entry in arrived.values()]
        syncing.together([*places, *{os.path.dirname(place) for place in places}])  # noqa: PTH120
    copied = {entry.path for entry in (*result.moved, *result.shared)}
    failed = []
    for path, entry in arrived.items():
        try:
            _check(source, target, path, entry, copied=entry.path in copied)
            source.remove([path])
        except TidebookError as error:
            failed.append((path, error))
    return replace(result, failed=[*result.failed, *failed])


def _check(source: Folder, target: Tree, path: str, entry: FileEntry, *, copied: bool) -> None:
    """Conflict where the original is not what the store has of it."""
    original = source.place(path)
    with opened(original) as (_, state):
        if state.st_size != entry.size or (copied and moment(state.st_mtime_ns) != entry.mtime):
            raise changed(path)
    if not copied and digest(original) != digest_of(target.read(entry.path)):
        raise wrong(path)
