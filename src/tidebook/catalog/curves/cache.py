"""The cache of columns, one folder for each run, bounded in size."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook.catalog.curves.columns import ROW, State, extend, load
from tidebook.catalog.curves.rows import WIDTH
from tidebook.catalog.curves.sampling import Axis, curve
from tidebook.core.errors import NotFound, nearest
from tidebook.core.files import storage_errors
from tidebook.core.settings import Settings
from tidebook.runs.totals import TRAIN, shown

if TYPE_CHECKING:
    from tidebook.catalog.curves.sampling import Floats

MAX_BYTES = 4 << 30  #: of the whole cache
EVICT = 600.0  #: seconds between looks at its size
READ = 1 << 15  #: points up to which a curve is read rather than mapped into memory, which takes longer
AHEAD = 4 << 20  #: bytes of a log that are read when nobody has asked yet


class Curves:
    """What was logged, as curves. Every method may be called from any thread, and by several processes at once."""

    def __init__(self, settings: Settings, max_bytes: int = MAX_BYTES) -> None:
        self._root, self._max_bytes = settings.cache / "curves", max_bytes
        self._evict_due = time.monotonic() + EVICT

    def metrics(self, run: Path) -> list[dict[str, Any]]:
        """Name, phase, points, last, min and max of each metric of the run in folder `run`, the first logged first."""
        with self._alone(run) as folder:
            state = extend(run / "logs" / "metrics.json", folder)
        return [
            {
                "name": each.name,
                "phase": each.phase,
                "points": each.points,
                "last": each.last,
                "min": each.min,
                "max": each.max,
            }
            for each in state.series
        ]

    def curve(
        self,
        run: Path,
        name: str,
        phase: str | None,
        *,
        axis: Axis = "step",
        points: int = 1000,
        start: float | None = None,
        end: float | None = None,
        origin: float | None = None,
    ) -> dict[str, Any]:
        """A curve of the run in folder `run`; NotFound where it has not logged that metric.

        Without a phase, `name` may be `phase/name`. `origin` is where time begins, in seconds since 1970; else at the
        first point.
        """
        with self._alone(run) as folder:
            state = extend(run / "logs" / "metrics.json", folder)
            number = _place(state, name, phase)
            if number is None:
                raise NotFound(
                    f"The run {run.name} must have logged the metric",
                    got=name[:80] if phase is None else f"{name[:80]} in the phase {phase[:80]}",
                    fix=nearest(name[:80], {shown(each.phase, each.name) for each in state.series}),
                )
            rows = _rows(state, folder, number)
        return _shown(state, number, rows, axis, points, start=start, end=end, origin=origin)

    def curves(
        self, run: Path, names: Sequence[str], *, axis: Axis, points: int, origin: float | None
    ) -> list[dict[str, Any]]:
        """The curves of those of `names` (as for `curve` without a phase) that the run has logged."""
        with self._alone(run) as folder:
            state = extend(run / "logs" / "metrics.json", folder)
            places = [place for name in names if (place := _place(state, name, None)) is not None]
            found = [(place, _rows(state, folder, place)) for place in places]
        return [_shown(state, place, rows, axis, points, origin=origin) for place, rows in found]

    def prepare(self, run: Path) -> None:
        """Reads some more of a log that is growing, so that there is little to do when somebody asks."""
        with self._alone(run) as folder:
            extend(run / "logs" / "metrics.json", folder, AHEAD)
        if time.monotonic() >= self._evict_due:
            self.evict()

    def evict(self) -> None:
        """Removes the columns that nobody has asked for longest, until the cache is small enough."""
        self._evict_due = time.monotonic() + EVICT
        try:
            with os.scandir(self._root) as entries:
                folders = sorted((_used(Path(entry.path)), _size(Path(entry.path)), entry.path) for entry in entries)
        except FileNotFoundError:
            return
        total = sum(size for _, size, _ in folders)
        for _, size, path in folders:
            if total <= self._max_bytes:
                return
            handle = _locked(Path(path), wait=False)
            if handle is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(handle)
                total -= size

    def forget(self, run: Path) -> None:
        """Removes the columns of a run that is deleted."""
        shutil.rmtree(self._folder(run), ignore_errors=True)

    def _folder(self, run: Path) -> Path:
        return self._root / hashlib.blake2b(run.name.encode(), digest_size=16).hexdigest()

    @contextmanager
    def _alone(self, run: Path) -> Iterator[Path]:
        """The folder of a run's columns, locked against others who want to extend them."""
        folder = self._folder(run)
        handle = None
        while handle is None:
            with storage_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
            handle = _locked(folder, wait=True)
        try:
            os.utime(folder)
            yield folder
        finally:
            os.close(handle)


def _locked(folder: Path, *, wait: bool) -> int | None:
    """The handle that holds the lock of a folder; None where it is gone, or held by another who is not waited for."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        if os.path.samestat(os.fstat(handle), folder.stat()):
            return handle
    except (FileNotFoundError, BlockingIOError):
        pass
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None


def _place(state: State, name: str, phase: str | None) -> int | None:
    for number, each in enumerate(state.series):
        if phase is None and name == shown(each.phase, each.name):
            return number
        if each.name == name and each.phase == (TRAIN if phase is None else phase):
            return number
    return None


def _rows(state: State, folder: Path, number: int) -> Floats:
    import numpy as np

    path, points = state.file(folder, number), state.series[number].points
    if points <= READ:
        return np.fromfile(path, np.dtype("<f8"), points * WIDTH).reshape(points, WIDTH)
    return np.memmap(path, np.dtype("<f8"), "r", shape=(points, WIDTH))


def _shown(
    state: State,
    number: int,
    rows: Floats,
    axis: Axis,
    points: int,
    *,
    start: float | None = None,
    end: float | None = None,
    origin: float | None,
) -> dict[str, Any]:
    series = state.series[number]
    begin = float(rows[0, 1]) if origin is None else origin
    return {
        "name": series.name,
        "phase": series.phase,
        **curve(rows, axis, points, start=start, end=end, origin=begin),
    }


def _used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _size(folder: Path) -> int:
    return sum(each.points for each in load(folder).series) * ROW
