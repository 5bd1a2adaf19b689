"""What a run used over time, thinned out where it is long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tidebook.runs.log_reading import read_metrics

MOST = 2_000  #: entries that are told
PIECE = 1 << 20  #: bytes that are read at once


def resources(folder: Path) -> list[dict[str, Any]]:
    """Entries of logs/resources.json, evenly chosen where there are more than MOST; the newest is always among them."""
    path = folder / "logs" / "resources.json"
    kept: list[dict[str, Any]] = []
    newest: dict[str, Any] | None = None
    cursor, every, seen = 0, 1, 0
    while True:
        entries, cursor = read_metrics(path, cursor, max_bytes=PIECE)
        if not entries:
            break
        for entry in entries:
            if seen % every == 0:
                kept.append(entry)
            seen += 1
            newest = entry
            if len(kept) > MOST:
                kept, every = kept[::2], every * 2
    return kept if newest is None or kept[-1] is newest else [*kept, newest]
