"""Brings the derived rows in line with the files, which are right, whoever changed them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tidebook.catalog.datasets import Datasets
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.versions import Versions
from tidebook.core.errors import TidebookError
from tidebook.core.scope import Address
from tidebook.core.settings import Settings
from tidebook.registry.item import address_of, read_item
from tidebook.store import open_store

logger = logging.getLogger(__name__)

SHARE = 50  #: a look that took t seconds is not repeated before SHARE · t, unless something shows that it must
FIRST = 1.0  #: seconds for the runs at the start; where they are more, the rest comes in later looks
RECENT = 2_000_000_000  #: nanoseconds in which a second change may leave the same modification time


class Sync:
    """Runs, versions, forecasts and datasets on disk → rows. Every method may be called from any thread."""

    runs: RunSync

    def __init__(
        self, settings: Settings, versions: Versions, predictions: Predictions, datasets: Datasets, runs: RunSync
    ) -> None:
        self.runs = runs
        self._settings = settings
        self._versions, self._predictions, self._datasets = versions, predictions, datasets
        self._store = open_store(settings)
        self._lock = threading.Lock()
        self._due = {"versions": 0.0, "datasets": 0.0}
        self._seen: dict[Path, int] = {}

    def everything(self) -> None:
        """All kinds, at the start."""
        self._changed(self._settings.saved_predictions)
        self._changed(self._newest)
        self.versions()
        self._datasets.sync()
        self._predictions.sync()
        try:
            self.runs.look(FIRST)
        except Exception:
            logger.exception("what is wrong with runs must not stop the start")

    def look(self) -> None:
        """What has changed on disk, found cheaply; called again and again."""
        try:
            self.runs.look()
        finally:  # what is wrong with runs must not keep the others out
            if self._changed(self._settings.saved_predictions):
                self._predictions.sync()
            if self._changed(self._newest) or self._is_due("versions"):
                self._timed("versions", self.versions)
            if self._is_due("datasets"):
                self._timed("datasets", self._datasets.sync)

    def versions(self) -> int:
        """The rows of versions; returns how many changed. A version that cannot be read gets no row."""
        with self._lock:
            on_disk = {tree for tree in self._store.trees() if address_of(tree)}
            rows = self._versions.addresses()
            gone, new = rows - on_disk, []
            for tree in on_disk - rows:
                try:
                    new.append(read_item(self._store, Address.parse(tree)))
                except (TidebookError, KeyError, TypeError, ValueError) as error:
                    logger.warning("version %s is passed over: %s", tree, error)
            if gone or new:
                self._versions.replace(gone, new)
            return len(gone) + len(new)

    @property
    def _newest(self) -> Path:
        """The file that the registry replaces with every version."""
        return self._store.root / "versions.json"

    def _changed(self, path: Path) -> bool:
        """Whether `path` has another modification time than at the last look, or one too new to be trusted."""
        try:
            stamp = path.stat().st_mtime_ns
        except OSError:
            stamp = 0
        before = self._seen.get(path)
        self._seen[path] = 0 if time.time_ns() - stamp < RECENT else stamp
        return before != stamp

    def _is_due(self, kind: str) -> bool:
        return time.monotonic() >= self._due[kind]

    def _timed(self, kind: str, work: Callable[[], int]) -> None:
        began = time.monotonic()
        work()
        ended = time.monotonic()
        self._due[kind] = ended + SHARE * (ended - began)
