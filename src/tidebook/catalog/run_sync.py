"""Run folders → rows. New folders show by the folder above, open runs by their files; the rest is looked through
from time to time."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path

import orjson

from tidebook.catalog.run_writing import Seen
from tidebook.catalog.runs import Known, Runs
from tidebook.core.settings import Settings
from tidebook.runs.liveness import HEARTBEAT
from tidebook.runs.record import ENDED, UNKNOWN, is_run, summary, unreadable

logger = logging.getLogger(__name__)

AT_ONCE = 200  #: runs in one transaction
BUDGET = 0.5  #: seconds of a look that go into reading folders
CHECK = 5.0  #: seconds after which an open run is read again, though no file of it has changed: its process may be gone
YOUNG = 60.0  #: seconds in which a folder that holds no run is looked at again and again: it may be filled now
SETTLE = 2.0  #: seconds before the first look through all folders: whoever starts is not to wait for it
SHARE = 50  #: a look through all folders that took t seconds is not repeated before SHARE · t
RECENT = 2_000_000_000  #: nanoseconds in which a second change may leave the same modification time
_NEW = Known("", live=False)
_FILES = ("", "metadata.json", "labels.json", "logs/metrics.json")

Follower = Callable[[Path], None]  #: is told the folder of an open run whose files have changed


class RunSync:
    """Keeps the rows of runs in line with the folders. Every method may be called from any thread."""

    def __init__(self, settings: Settings, runs: Runs, grown: Follower = lambda folder: None) -> None:
        self._out, self._runs, self._grown = settings.out, runs, grown
        self._lock = threading.Lock()
        self._rows: dict[str, Known] = {}
        self._change = -1  # of the rows as they were read last
        self._live: set[str] = set()  # those of the rows
        self._out_stamp = -1
        self._others: dict[str, str] = {}  # folders that hold no run, and their stamps
        self._urgent: dict[str, None] = {}  # to be read first
        self._waiting: dict[str, None] = {}  # to be read, in this order
        self._checked: dict[str, float] = {}
        self._sweep_due = time.monotonic() + SETTLE

    def look(self, budget: float = BUDGET) -> int:
        """Brings in line what is seen to have changed, for `budget` seconds; returns how many folders it read."""
        with self._lock:
            self._reload()
            self._list()
            self._watch()
            if time.monotonic() >= self._sweep_due:
                self._sweep()
            return self._work(budget)

    def refresh(self, names: Iterable[str]) -> None:
        """Brings these runs in line at once."""
        with self._lock:
            self._reload()
            self._put(names)

    def _reload(self) -> None:
        """Reads the rows again where another process has changed some."""
        change = self._runs.last_change()
        if change != self._change:
            self._rows, self._change = self._runs.known(), change
            self._live = {name for name, known in self._rows.items() if known.live}
            self._out_stamp = -1

    def _list(self) -> None:
        """New folders are to be read, the rows of those that are gone go."""
        try:
            stamp = self._out.stat().st_mtime_ns
        except OSError:
            stamp = 0
        if stamp == self._out_stamp:
            return
        listed = _folders(self._out)
        self._out_stamp = -1 if time.time_ns() - stamp < RECENT else stamp
        self._remove(self._rows.keys() - listed)
        self._others = {name: stamp for name, stamp in self._others.items() if name in listed}
        self._checked = {name: moment for name, moment in self._checked.items() if name in listed}
        new = listed - self._rows.keys() - self._others.keys() - self._waiting.keys() - self._urgent.keys()
        for name in sorted(new, key=_newest_first):
            self._waiting[name] = None

    def _watch(self) -> None:
        """Open runs that have changed, or that were not read for long, are to be read, and what became a run lately."""
        now = time.monotonic()
        for name in self._live:
            stamp = self._rows[name].stamp
            if now - self._checked.get(name, 0.0) > CHECK or _stamp(self._out / name, live=True) != stamp:
                self._urgent[name] = None
        for name, stamp in self._others.items():
            if now - self._checked.get(name, 0.0) < YOUNG and _stamp(self._out / name) != stamp:
                self._urgent[name] = None

    def _sweep(self) -> None:
        """All other folders that have changed are to be read."""
        began = time.monotonic()
        for name, known in self._rows.items():
            if not known.live and _stamp(self._out / name) != known.stamp:
                self._waiting.setdefault(name)
        for name, stamp in self._others.items():
            if _stamp(self._out / name) != stamp:
                self._waiting.setdefault(name)
        ended = time.monotonic()
        self._sweep_due = ended + SHARE * (ended - began)

    def _work(self, budget: float) -> int:
        """Reads the folders that are to be read until the time is up."""
        began, done = time.monotonic(), 0
        while (self._urgent or self._waiting) and (done == 0 or time.monotonic() - began < budget):
            queue = self._urgent or self._waiting
            some = list(islice(queue, AT_ONCE))
            for name in some:
                del queue[name]
            self._put(some)
            done += len(some)
        return done

    def _put(self, names: Iterable[str]) -> None:
        found: list[Seen] = []
        absent: list[str] = []
        for name in dict.fromkeys(names):
            seen = read(self._out / name)
            self._checked[name] = time.monotonic()
            if seen is None:
                self._others[name] = _stamp(self._out / name)
                absent.append(name)
            else:
                self._others.pop(name, None)
                found.append(seen)
        grown = [seen for seen in found if seen.live and self._rows.get(seen.name, _NEW).stamp != seen.stamp]
        if found:
            self._write(found)
        self._remove([name for name in absent if name in self._rows])
        for seen in grown:
            try:
                self._grown(self._out / seen.name)
            except Exception:
                logger.exception("who follows run %s goes on after an error", seen.name)

    def _write(self, found: list[Seen]) -> None:
        try:
            self._note(self._runs.put(found), {seen.name: Known(seen.stamp, seen.live) for seen in found})
        except Exception:
            if len(found) == 1:
                logger.exception("run %s is passed over", found[0].name)
                self._others[found[0].name] = found[0].stamp
                return
            for seen in found:  # One that the database does not take must not keep the others out.
                self._write([seen])

    def _remove(self, names: Iterable[str]) -> None:
        gone = list(names)
        for start in range(0, len(gone), AT_ONCE):
            some = gone[start : start + AT_ONCE]
            self._note(self._runs.remove(some), dict.fromkeys(some))

    def _note(self, changes: tuple[int, int], rows: Mapping[str, Known | None]) -> None:
        """What this process wrote need not be read again, unless another one wrote before it."""
        before, after = changes
        self._change = after if before == self._change else -1
        for name, known in rows.items():
            self._rows.pop(name, None)
            self._live.discard(name)
            if known is not None:
                self._rows[name] = known
                if known.live:
                    self._live.add(name)


def read(folder: Path) -> Seen | None:
    """What a folder holds; None where that is no run, or one that is deleted."""
    # The stamps are of before the files are read, so that what comes meanwhile is seen the next time.
    stamps = {live: _stamp(folder, live=live) for live in (False, True)}
    try:
        if not is_run(folder):
            return None
    except OSError as error:
        logger.warning("run %s is passed over: %s", folder.name, error)
        return None
    found = summary(folder)
    try:
        item = orjson.loads(orjson.dumps({**found, "folder": None}))  # as the database will hold it
    except (TypeError, ValueError) as error:
        item = unreadable(folder, error)
    del item["folder"]
    live = not item["lost"] and item["status"] not in {*ENDED, UNKNOWN}
    return Seen(item, stamps[live], live=live)


def _stamp(folder: Path, *, live: bool = False) -> str:
    """A digest of what shows that files of the run were written or replaced.

    The heartbeat counts where the run is not live: one that was taken for lost may beat again.
    """
    facts: list[int] = []
    base = os.fspath(folder)
    for name in _FILES if live else (*_FILES, HEARTBEAT):
        try:
            found = os.stat(f"{base}/{name}")  # noqa: PTH116 - for every run again and again: as cheap as can be
            facts += (found.st_mtime_ns, found.st_size if name else 0, found.st_ino)
        except OSError:
            facts += (0, 0, 0)
    return hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()


def _folders(out: Path) -> frozenset[str]:
    """The names of the folders that can be runs."""
    try:
        with os.scandir(out) as entries:
            return frozenset(entry.name for entry in entries if _may_be(entry))
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()


def _may_be(entry: os.DirEntry[str]) -> bool:
    try:
        return not entry.name.startswith(".") and entry.name.isprintable() and entry.is_dir()
    except OSError:
        return False


def _newest_first(name: str) -> tuple[int, str]:
    """Names end in the time; what does not comes last."""
    ending = "".join(character for character in name if character.isdigit())[-14:]
    return (-int(ending or 0), name)
