"""What a test reads back of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tidebook.runs.log_reading import read_metrics
from tidebook.runs.record import summary

Summary = dict[str, Any]


def entries(folder: Path, phase: str | None = None) -> list[dict[str, Any]]:
    """The metrics of a run without their timestamps, of one phase or of all."""
    found, _ = read_metrics(folder / "logs" / "metrics.json")
    return [
        {name: value for name, value in entry.items() if name != "timestamp"}
        for entry in found
        if phase is None or entry["phase"] == phase
    ]


def only_run(out: Path) -> Summary:
    """The one run there is."""
    (folder,) = out.iterdir()
    return summary(folder)
