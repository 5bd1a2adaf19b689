"""Which versions the saved forecasts of a home refer to: from the files, which are right, each read once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

from tidebook.core.errors import TidebookError
from tidebook.core.settings import Settings
from tidebook.records import forecast as records

RECENT = 2_000_000_000  #: nanoseconds in which a second change may leave the same modification time


class References:
    """What refers to versions. Forecasts that are saved or go meanwhile are noticed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._models: dict[tuple[str, bool], str | None] = {}  # by id, and whether it is in the archive
        self._counts: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
        self._stamp = -1

    def count(self, address: str, *, here: bool = False) -> int:
        """How many forecasts refer to a version; with `here` not those in the archive."""
        self._look()
        return self._counts[False][address] + (0 if here else self._counts[True][address])

    def of(self, addresses: Sequence[str]) -> Mapping[str, int]:
        """How many forecasts refer to each of these versions; none: left out."""
        return {address: count for address in addresses if (count := self.count(address))}

    def _look(self) -> None:
        try:
            stamp = self._settings.saved_predictions.stat().st_mtime_ns
        except FileNotFoundError:
            stamp = 0
        if stamp == self._stamp:
            return
        self._stamp = -1 if time.time_ns() - stamp < RECENT else stamp
        listed = records.every(self._settings).items()
        self._models = {key: self._models[key] if key in self._models else self._read(*key) for key in listed}
        for is_archived, counted in self._counts.items():
            counted.clear()
            counted.update(model for key, model in self._models.items() if model and key[1] is is_archived)

    def _read(self, name: str, is_archived: bool) -> str | None:
        """The address of the version that a forecast refers to; None for a file that is no forecast."""
        try:
            record = records.archived(self._settings, name) if is_archived else None
            found = record["summary"]["model"] if record else records.load(self._settings, name)["model"]["address"]
        except (TidebookError, KeyError, TypeError):
            return None
        return found if isinstance(found, str) else None
