"""What takes the space: measured now and then in the background, never while somebody waits."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nlargest
from pathlib import Path
from typing import Any

from tidebook.core.clock import timestamp
from tidebook.core.settings import Settings
from tidebook.registry.item import address_of
from tidebook.store import LocalStore, open_store
from tidebook.store.local import TOMBSTONE
from tidebook.store.remote import scheme

logger = logging.getLogger(__name__)

KINDS = ("runs", "versions", "files", "forecasts", "datasets", "tasks", "archive", "cache", "database")
SHARE = 20  #: what took t seconds is not measured again before SHARE · t, nor before FRESH
FRESH = 30.0  #: seconds
FIRST = 2.0  #: seconds that the first who asks waits
LARGEST = 20

Listed = Callable[[], Mapping[str, int]]  #: the bytes of versions by their addresses


@dataclass(frozen=True)
class Measured:
    """Bytes of things, by kind and id."""

    things: Mapping[str, Mapping[str, int]] = field(
        default_factory=dict
    )  #: of runs, versions, files, forecasts, datasets
    sums: Mapping[str, int] = field(default_factory=dict)  #: of kinds whose things are not told apart
    at: str | None = None


class Space:
    """The space that a home takes. Every method may be called from any thread."""

    def __init__(self, settings: Settings, listed: Listed = dict) -> None:
        self._settings, self._listed = settings, listed
        self._measured, self._due = Measured(), 0.0
        self._lock, self._thread = threading.Lock(), threading.Thread()

    def measured(self, wait: float = FIRST) -> Measured:
        """As it was measured last; what is not fresh is measured anew in the background."""
        with self._lock:
            if time.monotonic() >= self._due and not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="space", daemon=True)
                self._thread.start()
            thread, known = self._thread, self._measured
        if known.at is None and thread.is_alive():
            thread.join(wait)
        return self._measured

    def of_run(self, name: str) -> int | None:
        """The bytes of a run; None where it was not measured yet."""
        return self.measured(0).things.get("runs", {}).get(name)

    def disk(self) -> tuple[int, int]:
        """Bytes of the disk that the home is on, and how many of them are free."""
        self._settings.home.mkdir(parents=True, exist_ok=True)
        usage = shutil.disk_usage(self._settings.home)
        return usage.total, usage.free

    def _work(self) -> None:
        began = time.monotonic()
        try:
            self._measured = measure(self._settings, self._listed)
        except Exception:
            logger.exception("the space could not be measured")
        ended = time.monotonic()
        self._due = ended + max(FRESH, SHARE * (ended - began))


def shown(measured: Measured, seen: Mapping[str, set[str]] | None = None) -> dict[str, Any]:
    """Kinds and the largest things; with `seen` of nothing but the things named there."""
    things = {
        kind: {name: size for name, size in sizes.items() if seen is None or name in seen.get(kind, ())}
        for kind, sizes in measured.things.items()
    }
    kinds = []
    for kind in KINDS:
        if kind in measured.sums:
            if seen is None:
                kinds.append({"kind": kind, "bytes": measured.sums[kind], "count": None})
        else:
            of_kind = things.get(kind, {})
            kinds.append({"kind": kind, "bytes": sum(of_kind.values()), "count": len(of_kind)})
    every = ((size, kind, name) for kind, sizes in things.items() for name, size in sizes.items())
    largest = [{"kind": kind, "id": name, "bytes": size} for size, kind, name in nlargest(LARGEST, every)]
    return {"kinds": kinds, "largest": largest, "measured_at": measured.at}


def measure(settings: Settings, listed: Listed = dict) -> Measured:
    """Walks through the whole home, the store where it is a folder, and the archive where it is one.

    Of another store the versions are as large as the list of them says.
    """
    versions, files = _store(settings, listed)
    things = {
        "runs": _below(settings.out),
        "versions": versions,
        "files": files,
        "forecasts": {
            entry.name.partition(".")[0]: entry.stat(follow_symlinks=False).st_size
            for entry in _entries(settings.saved_predictions)
            if entry.name.startswith("PRED") and entry.is_file(follow_symlinks=False)
        },
        "datasets": _below(settings.datasets),
    }
    sums = {
        "tasks": size_of(settings.tasks),
        "archive": 0 if scheme(settings.archive_place) else size_of(Path(settings.archive_place).expanduser()),
        "cache": size_of(settings.cache),
        "database": sum(path.stat().st_size for path in settings.home.glob("tidebook.db*") if path.is_file()),
    }
    return Measured(things, sums, timestamp())


def size_of(folder: Path | str, shared: Callable[[os.stat_result], None] | None = None) -> int:
    """Bytes of all files below a folder; links are not followed.

    With `shared`, files that have other names as well are given to it and not counted.
    """
    total = 0
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            total += size_of(entry.path, shared)
            continue
        try:
            about = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if shared is not None and about.st_nlink > 1:
            shared(about)
        else:
            total += about.st_size
    return total


class _Shared:
    """Content that is on the disk once for several things: each has a part of it."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, int], tuple[int, list[tuple[dict[str, int], str]]]] = {}

    def of(self, sizes: dict[str, int], name: str) -> Callable[[os.stat_result], None]:
        """What is told of the files of a thing."""

        def note(about: os.stat_result) -> None:
            self._held.setdefault((about.st_dev, about.st_ino), (about.st_size, []))[1].append((sizes, name))

        return note

    def divide(self) -> None:
        """Adds its part to the size of each thing."""
        for size, holders in self._held.values():
            part, rest = divmod(size, len(holders))
            for n, (sizes, name) in enumerate(holders):
                sizes[name] += part + (n < rest)


def _below(folder: Path) -> dict[str, int]:
    return {
        entry.name: size_of(entry.path)
        for entry in _entries(folder)
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
    }


def _store(settings: Settings, listed: Listed) -> tuple[Mapping[str, int], dict[str, int]]:
    """Versions of models, and versions of files, which lie in files/."""
    store = open_store(settings)
    if not isinstance(store, LocalStore):
        return listed(), {}
    versions: dict[str, int] = {}
    files: dict[str, int] = {}
    shared = _Shared()

    def walk(folder: str, prefix: str) -> None:
        for entry in _entries(folder):
            name = f"{prefix}{entry.name}"
            if entry.name.startswith(".") or not entry.is_dir(follow_symlinks=False):
                continue
            if name.startswith("files/") and name.count("/") == 2:
                own = name.removeprefix("files/")
                files[own] = size_of(entry.path, shared.of(files, own))
            elif not name.startswith("files") and address_of(name) is not None:
                if not os.path.exists(f"{entry.path}/{TOMBSTONE}"):  # noqa: PTH110 - there may be 100,000
                    versions[name] = size_of(entry.path, shared.of(versions, name))
            else:
                walk(entry.path, f"{name}/")

    walk(os.fspath(store.root), "")
    shared.divide()
    return versions, files


def _entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        return
