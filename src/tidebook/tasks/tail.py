"""What is new at the end of a growing file, behind a cursor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidebook.runs.log_reading import read_metrics
from tidebook.runs.training_log import read_lines

MAX_METRICS_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Chunk:
    """Something new, and where to go on."""

    items: list[Any]
    cursor: int  #: give it back for what comes after
    complete: bool = False  #: nothing will ever come after

    def to_json(self, name: str) -> dict[str, Any]:
        """Plain values, the items under `name`."""
        return {name: self.items, "cursor": self.cursor, "complete": self.complete}


def log_chunk(path: Path, after: int, limit: int, *, ended: bool) -> Chunk:
    """At most `limit` lines of a log. `ended` is whether nobody writes any more: then its last line counts as it is."""
    lines, cursor = read_lines(path, after, limit=limit)
    size = path.stat().st_size if ended and path.is_file() else 0
    if ended and not lines and cursor < size:
        with path.open("rb") as file:
            file.seek(cursor)
            lines, cursor = [file.read(size - cursor).decode(errors="replace")], size
    shown = [line.rsplit("\r", 1)[-1] for line in lines]  # of a progress bar its last state
    return Chunk(shown, cursor, complete=ended and cursor >= size)


def metrics_chunk(path: Path, after: int, *, ended: bool) -> Chunk:
    """Entries of a metrics log. `ended` is whether nobody writes any more."""
    entries, cursor = read_metrics(path, after, max_bytes=MAX_METRICS_BYTES)
    return Chunk(entries, cursor, complete=ended and not entries)
