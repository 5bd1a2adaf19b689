"""All that stands in a run's folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tidebook.core.clock import timestamp
from tidebook.runs import checkpoints
from tidebook.runs.record import read_object

MAX_FILES = 5_000


def detail(item: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The run with configuration, context, results, files and checkpoints; what is missing is empty."""
    problems: list[str] = list(item["problems"])
    return {
        **item,
        "problems": problems,
        "config": _object(folder / "config.json", problems),
        "context": _object(folder / "context.json", problems),
        "eval_results": _object(folder / "results" / "eval_results.json", problems),
        "files": files(folder),
        "checkpoints": checkpoints.epochs(folder / "checkpoints"),
        "best": checkpoints.best_metrics(folder / "checkpoints") or None,
        "resources": (folder / "logs" / "resources.json").is_file(),
        "backtest": (folder / "results" / "backtest.json").is_file(),
    }


def files(folder: Path) -> list[dict[str, Any]]:
    """Path, size and time of the files of a run, at most MAX_FILES, in the order of their paths."""
    found: list[dict[str, Any]] = []
    for path, facts in _walk(folder, ""):
        modified = datetime.fromtimestamp(facts.st_mtime, UTC).astimezone()
        found.append({"path": path, "size": facts.st_size, "modified_at": timestamp(modified)})
        if len(found) == MAX_FILES:
            break
    return found


def _object(path: Path, problems: list[str]) -> dict[str, Any]:
    """The object in a file; what is wrong with one that is there joins `problems`."""
    found: list[str] = []
    value = read_object(path, found if path.exists() else [])
    problems += [each for each in found if each not in problems]
    return value


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder / prefix) as entries:
            inside = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in inside:
        if entry.name.startswith(".") or not entry.name.isprintable():
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder, f"{prefix}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                yield f"{prefix}{entry.name}", entry.stat(follow_symlinks=False)
        except OSError:
            continue  # gone meanwhile
