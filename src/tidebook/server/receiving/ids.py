"""Which folder of out/ holds the run with an id. The folders' own metadata are right; what is kept here is memory."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

from tidebook.runs.record import DELETED, read_object

_ID = re.compile(r"[0-9a-f]{32}")


class RunIds:
    """Finds folders by the `id` in their metadata.json. Every method may be called from any thread."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}  # of folders, by id
        self._seen: set[str] = set()

    def find(self, run_id: str, likely: str) -> Path | None:
        """The folder of the run; `likely` is the name that it has if no other took it first."""
        for name in (likely, self._names.get(run_id)):
            if name and id_of(self._out / name) == run_id:
                return self._out / name
        with self._lock:
            self._look()
            name = self._names.get(run_id)
        return self._out / name if name and id_of(self._out / name) == run_id else None

    def note(self, run_id: str, name: str) -> None:
        """The run with this id has this folder now."""
        with self._lock:
            self._names[run_id] = name
            self._seen.add(name)

    def _look(self) -> None:
        """Reads the ids of folders that were not there the last time."""
        try:
            present = {entry.name for entry in os.scandir(self._out) if not entry.name.startswith(".")}
        except FileNotFoundError:
            return
        if self._seen - present:
            self._seen &= present
            self._names = {run_id: name for run_id, name in self._names.items() if name in present}
        for name in present - self._seen:
            if found := id_of(self._out / name):
                self._names.setdefault(found, name)
            if found or (self._out / name / "metadata.json").exists():
                self._seen.add(name)  # also one that was made before runs had ids


def id_of(folder: Path) -> str | None:
    """The id that a run's metadata names; None where it is deleted."""
    if (folder / DELETED).exists():
        return None
    value = read_object(folder / "metadata.json", []).get("id")
    return value if isinstance(value, str) and _ID.fullmatch(value) else None
