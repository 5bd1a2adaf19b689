"""A metrics log as columns: for each metric a file of rows (step, time, epoch, value), extended as the log grows.

Files are called by number, so that no text of a log ever becomes a path. `state.json` says how much of the log is in
them; what stands behind that in a file was written by a process that died, and is overwritten.
"""

from __future__ import annotations

import os
import shutil
from array import array
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import orjson

from tidebook.catalog.curves.rows import WIDTH, Stretch, stretches
from tidebook.runs.log_reading import read_metrics

ROW = WIDTH * 8  #: bytes of a row of float64 numbers
PIECE = 1 << 20  #: bytes of the log that are read at once
SAVE = 16 << 20  #: bytes after which the state is saved
TAIL = 64  #: bytes before the cursor that must be as they were
STATE = "state.json"
_VERSION = 1


@dataclass
class Series:
    """What is kept of one metric."""

    phase: str
    name: str
    points: int = 0
    last: float | None = None  #: None where it is not finite
    min: float | None = None  #: of the finite values
    max: float | None = None

    def count(self, stretch: Stretch) -> None:
        """Counts further points in."""
        self.points += len(stretch.values)
        self.last = stretch.values[-1] if isfinite(stretch.values[-1]) else None
        if finite := stretch.finite:
            lowest, highest = min(finite), max(finite)
            self.min = lowest if self.min is None else min(self.min, lowest)
            self.max = highest if self.max is None else max(self.max, highest)


@dataclass
class State:
    """How much of a log is in the columns."""

    inode: int = 0
    cursor: int = 0
    tail: str = ""  #: the bytes before the cursor, in hexadecimal digits
    generation: int = 0  #: the folder of the columns; the next one where the log was replaced
    series: list[Series] = field(default_factory=list)

    def file(self, folder: Path, number: int) -> Path:
        """The rows of a metric."""
        return folder / str(self.generation) / f"{number}.f64"


def load(folder: Path) -> State:
    """The state of the columns in `folder`; a fresh one where there are none that can be used."""
    try:
        kept = orjson.loads((folder / STATE).read_bytes())
        if kept.pop("version") != _VERSION:
            return State()
        return State(**{**kept, "series": [Series(**each) for each in kept["series"]]})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return State()


def extend(log: Path, folder: Path, max_bytes: int | None = None) -> State:
    """Brings the columns in `folder` in line with `log`, reading `max_bytes` of it at most. The caller is alone."""
    state = load(folder)
    try:
        with log.open("rb") as file:
            found = os.fstat(file.fileno())
            known = state.tail == _tail(file.fileno(), state.cursor)
            is_array = os.pread(file.fileno(), 1, 0) == b"["
    except OSError:
        return state if state.inode == 0 else _fresh(folder, state, 0)
    if state.inode != found.st_ino or found.st_size < state.cursor or not known or not _whole(folder, state):
        state = _fresh(folder, state, found.st_ino)
    if not is_array or found.st_size <= state.cursor + 2:  # no log of ours, or nothing but the closing bracket
        return state
    read = saved = state.cursor
    places = {(each.phase, each.name): number for number, each in enumerate(state.series)}
    while max_bytes is None or state.cursor - read < max_bytes:
        entries, cursor = read_metrics(log, state.cursor, max_bytes=PIECE)
        if not entries:
            break
        _append(folder, state, places, entries)
        state.cursor = cursor
        if cursor - saved > SAVE:
            _save(log, folder, state)
            saved = cursor
    if saved != state.cursor:
        _save(log, folder, state)
    return state


def _append(folder: Path, state: State, places: dict[tuple[str, str], int], entries: list[dict[str, Any]]) -> None:
    new: dict[int, array[float]] = {}
    for stretch in stretches(entries):
        number = places.get((stretch.phase, stretch.name))
        if number is None:
            number = places[stretch.phase, stretch.name] = len(state.series)
            state.series.append(Series(stretch.phase, stretch.name))
        new.setdefault(number, array("d")).extend(stretch.rows(state.series[number].points))
        state.series[number].count(stretch)
    for number, rows in new.items():
        path = state.file(folder, number)
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.seek((state.series[number].points * ROW) - len(rows) * 8)
            file.truncate()
            file.write(rows.tobytes())


def _save(log: Path, folder: Path, state: State) -> None:
    with log.open("rb") as file:
        state.tail = _tail(file.fileno(), state.cursor)
    fresh = folder / f".{STATE}"
    fresh.write_bytes(orjson.dumps({"version": _VERSION, **asdict(state)}))
    fresh.replace(folder / STATE)


def _fresh(folder: Path, old: State, inode: int) -> State:
    """Empty columns; those before vanish, but whoever reads them still can."""
    state = State(inode=inode, generation=old.generation + 1)
    (folder / STATE).unlink(missing_ok=True)
    for other in folder.iterdir():
        if other.is_dir():
            shutil.rmtree(other, ignore_errors=True)
    (folder / str(state.generation)).mkdir(parents=True)
    return state


def _whole(folder: Path, state: State) -> bool:
    """Whether the files hold what the state says: after a power cut they may not."""
    try:
        return all(
            state.file(folder, number).stat().st_size >= each.points * ROW for number, each in enumerate(state.series)
        )
    except OSError:
        return False


def _tail(handle: int, cursor: int) -> str:
    start = max(0, cursor - TAIL)
    return os.pread(handle, cursor - start, start).hex()
