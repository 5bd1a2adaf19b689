"""What is free when versions go: content that is the same is on the disk once, for all versions that have it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from tidebook.abc import Store
from tidebook.store import LocalStore
from tidebook.store.sharing import COUNTED, MARK


def freed(store: Store, sizes: Mapping[str, int]) -> dict[str, int]:
    """The bytes that each version frees when they all go one after the other, of their `sizes`.

    Content that others have too is free with the last of them, and not at all where one of those stays. Small files
    are not asked.
    """
    left = dict(sizes)
    if not isinstance(store, LocalStore):
        return left
    lines = {address.rpartition("/")[0] for address in sizes}
    sharing = {line for line in lines if os.path.lexists(f"{store.root}/{line}/{MARK}")}
    shared: dict[tuple[int, int], int] = {}  # how many names of a file stay
    for address in sizes:
        if address.rpartition("/")[0] not in sharing:
            continue
        for about in _linked(f"{store.root}/{address}"):
            key = (about.st_dev, about.st_ino)
            shared[key] = shared.get(key, about.st_nlink) - 1
            if shared[key] > 0:
                left[address] -= about.st_size
    return left


def _linked(folder: str) -> Iterator[os.stat_result]:
    """Of the large files below a folder those that have another name."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from _linked(entry.path)
                elif (about := entry.stat(follow_symlinks=False)).st_nlink > 1 and about.st_size >= COUNTED:
                    yield about
    except OSError:
        return
