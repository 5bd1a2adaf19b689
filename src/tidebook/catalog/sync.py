"""Brings the derived rows in line with the files, which are right, whoever changed them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tidebook.catalog.datasets import Datasets
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.version_sync import VersionSync
from tidebook.catalog.versions import Versions
from tidebook.core.errors import StorageFailure
from tidebook.core.settings import Settings
from tidebook.store import open_store

logger = logging.getLogger(__name__)

SHARE = 50  #: a look that took t seconds is not repeated before SHARE · t, unless something shows that it must
FIRST = 1.0  #: seconds for the runs at the start; where they are more, the rest comes in later looks
PAUSE = 10.0  #: seconds until a store that did not answer is asked again
RECENT = 2_000_000_000  #: nanoseconds in which a second change may leave the same modification time


class Sync:
    """Runs, versions, forecasts and datasets on disk → rows. Every method may be called from any thread."""

    runs: RunSync

    def __init__(
        self, settings: Settings, versions: Versions, predictions: Predictions, datasets: Datasets, runs: RunSync
    ) -> None:
        self.runs = runs
        self._settings = settings
        self._predictions, self._datasets = predictions, datasets
        self._versions = VersionSync(open_store(settings), versions)
        self._due = {"versions": 0.0, "datasets": 0.0, "store": 0.0}
        self._seen: dict[Path, int] = {}

    def everything(self) -> None:
        """All kinds, at the start."""
        self._changed(self._settings.saved_predictions)
        self._look_at_store()
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
            self._look_at_store()
            if self._is_due("datasets"):
                self._timed("datasets", self._datasets.sync)

    def versions(self) -> int:
        """The rows of all versions; returns how many changed. A version that cannot be read gets no row."""
        return self._versions.everything()

    def refresh_versions(self, places: Iterable[str]) -> int:
        """The rows of these versions, and of the versions of these lines, at once; returns how many changed."""
        return self._versions.refresh(places)

    def _look_at_store(self) -> None:
        """The versions that changed, or all of them where it is time; nothing for a while where the store is away."""
        if not self._is_due("store"):
            return
        try:
            if self._is_due("versions"):
                self._timed("versions", self.versions)
            else:
                self._versions.look()
        except StorageFailure as failure:
            logger.warning("versions are not looked at for %.0f seconds: %s", PAUSE, failure)
            self._due["store"] = time.monotonic() + PAUSE

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
