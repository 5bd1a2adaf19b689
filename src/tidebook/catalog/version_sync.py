"""Versions in the store → rows. What our own programs change is noted in a journal; the rest is looked through
from time to time."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tidebook.abc import Store
from tidebook.catalog.database import REFUSALS, refused
from tidebook.catalog.versions import Versions
from tidebook.core.errors import InvalidInput, TidebookError
from tidebook.core.scope import Address
from tidebook.registry import aliases, journal
from tidebook.registry.aliases import by_version
from tidebook.registry.item import address_of, read_item
from tidebook.registry.versions import NAME as NEWEST
from tidebook.store import LocalStore

logger = logging.getLogger(__name__)

AT_ONCE = 500  #: versions in one transaction


class VersionSync:
    """Keeps the rows of versions in line with the store. Every method may be called from any thread."""

    def __init__(self, store: Store, versions: Versions) -> None:
        self._store, self._versions = store, versions
        self._lock = threading.Lock()
        self._seen: int | None = None  # the newest change that the rows follow
        self._stamps: dict[str, tuple[int, ...]] = {}  # of the files that are replaced with every change
        self._suspect = False  # whether something was published that the journal did not tell

    def everything(self) -> int:
        """Looks through all versions; returns how many rows changed. A version that cannot be read gets no row."""
        with self._lock:
            return self._everything()

    def look(self) -> int:
        """What was changed since the last look, found cheaply; returns how many rows changed."""
        with self._lock:
            if self._seen is None:
                return self._everything()
            published = self._is_replaced(NEWEST)
            if self._is_replaced(journal.NAME):
                changes = journal.since(self._store, self._seen)
                if changes.number != self._seen:
                    self._suspect = False
                    if not changes.complete:
                        return self._everything()
                    changed = self._refresh(changes.addresses)
                    self._follow(changes.number)
                    return changed
            if self._suspect:
                return self._everything()  # Another program published it, or one that died before it could say so.
            self._suspect = published
            return 0

    def refresh(self, places: Iterable[str]) -> int:
        """Brings these versions and the versions of these lines in line at once; returns how many rows changed."""
        with self._lock:
            return self._refresh(frozenset(places))

    def _everything(self) -> int:
        self._suspect = False
        for name in (NEWEST, journal.NAME):
            self._is_replaced(name)  # What comes from now on is found by the next look.
        seen = self._versions.seen()
        changes = journal.since(self._store, seen)
        here, rows = self._stamped(), self._versions.known()
        told = {tree for tree in here if tree in changes.addresses or tree.rpartition("/")[0] in changes.addresses}
        if not changes.complete and not isinstance(self._store, LocalStore):
            told = set(here)  # A store without stamps: nobody knows what has changed.
        stale = sorted(tree for tree, stamp in here.items() if rows.get(tree) != stamp or tree in told)
        changed = self._put(sorted(rows.keys() - here.keys()), stale, here)
        self._follow(changes.number)
        return changed

    def _refresh(self, places: frozenset[str]) -> int:
        here: dict[str, str] = {}
        for place in places:
            with suppress(InvalidInput):  # Whoever wrote that into the journal.
                here |= self._stamped(str(Address.parse(place)))
        return self._put(sorted(self._versions.of(places) - here.keys()), sorted(here), here)

    def _put(self, gone: list[str], stale: list[str], stamps: Mapping[str, str]) -> int:
        """Removes the rows of `gone` and reads those that are `stale` again."""
        self._versions.replace(gone, [])
        named: dict[str, dict[str, list[str]]] = {}
        for start in range(0, len(stale), AT_ONCE):
            items, lost = [], []
            for tree in stale[start : start + AT_ONCE]:
                address = Address.parse(tree)
                try:
                    if address.folder not in named:
                        named[address.folder] = by_version(aliases.read(self._store, address.folder))
                    items.append(read_item(self._store, address, named[address.folder]))
                except (TidebookError, KeyError, TypeError, ValueError) as error:
                    logger.warning("version %s is passed over: %s", tree, error)
                    lost.append(tree)
            try:
                self._versions.replace(lost, items, stamps)
            except REFUSALS as error:
                if not refused(error):
                    raise
                self._put_singly(lost, items, stamps)
        return len(gone) + len(stale)

    def _put_singly(self, lost: list[str], items: list[dict[str, Any]], stamps: Mapping[str, str]) -> None:
        """The rows of those that the database takes: some hold a name longer, or a number larger than it allows."""
        self._versions.replace(lost, [])
        for item in items:
            try:
                self._versions.replace([], [item], stamps)
            except REFUSALS as error:
                if not refused(error):
                    raise
                logger.warning("version %s is passed over: %s", item["address"], getattr(error, "orig", error))
                self._versions.replace([str(item["address"])], [])

    def _stamped(self, below: str = "") -> dict[str, str]:
        """The versions below a prefix, each with the stamp of the files that its row is made of."""
        lines: dict[str, int] = {}
        found: dict[str, str] = {}
        for tree in self._store.trees(below):
            if address_of(tree):
                line = tree.rpartition("/")[0]
                if isinstance(self._store, LocalStore):
                    if line not in lines:
                        lines[line] = _changed(f"{self._store.root}/{line}/{aliases.FILE}")
                    found[tree] = f"{_changed(f'{self._store.root}/{tree}'):x}.{lines[line]:x}"
                else:
                    found[tree] = ""
        return found

    def _follow(self, number: int) -> None:
        if number != self._seen:
            self._versions.see(number)
            self._seen = number

    def _is_replaced(self, name: str) -> bool:
        """Whether a file at the top of the store is another one than at the last look."""
        if not isinstance(self._store, LocalStore):
            return name == journal.NAME  # Asking for it is as cheap as asking whether it has changed.
        try:
            about = os.stat(Path(self._store.root, name))  # noqa: PTH116
            stamp: tuple[int, ...] = (about.st_mtime_ns, about.st_ino, about.st_size)
        except OSError:
            stamp = ()
        before = self._stamps.get(name)
        self._stamps[name] = stamp
        return before is not None and before != stamp


def _changed(path: str) -> int:
    """When a file or folder was changed, in nanoseconds; 0 where there is none."""
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - as text: there may be 100,000
    except OSError:
        return 0
