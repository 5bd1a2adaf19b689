"""What a run's writer adds to logs/metrics.json: entries with their step and time, counted as they come."""

from __future__ import annotations

import operator
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from tidebook.core.clock import timestamp
from tidebook.core.errors import InvalidInput
from tidebook.runs.entries import encode
from tidebook.runs.log_reading import last_entries, read_metrics
from tidebook.runs.metrics_log import FIRST, MetricsLog
from tidebook.runs.totals import HEADS, TRAIN, Totals, check_name

_PIECE = 4 << 20
_MOST_STEPS = 2**53  # beyond it a browser counts no more


class MetricsWriter:
    """Adds entries to a metrics log and keeps their totals, so that nobody has to read it to know them."""

    def __init__(self, log: MetricsLog) -> None:
        self._log = log
        self._stamped = (0, "", "")  # the second, and its text before and behind the milliseconds
        self._known: dict[str, set[str]] = {}  # by phase: the names that were found good
        self._steps = count()

    def begin(self) -> None:
        """The log was opened: what is in it was added by others."""
        entries = last_entries(self._log.path) if self._log.end > FIRST else []
        steps = [entry["step"] for entry in entries if type(entry.get("step")) is int and entry["step"] < _MOST_STEPS]
        self._steps = count(max(steps, default=-1) + 1)

    def add(self, values: Mapping[str, Any], phase: str = TRAIN, epoch: Any = None, step: Any = None) -> None:
        """Adds an entry. Without `epoch` and `step` it has the step after the last one.

        InvalidInput, and nothing is added, where a name breaks a rule or a value is no number.
        """
        head: dict[str, Any] = {"phase": phase, "timestamp": self._stamp()}
        if not HEADS.isdisjoint(values):
            epoch, step = values.get("epoch", epoch), values.get("step", step)
            phase = values.get("phase", phase)
            head["phase"] = phase
            if values.get("timestamp") is not None:
                head["timestamp"] = _moment(values["timestamp"])
            values = {name: value for name, value in values.items() if name not in HEADS}
        if epoch is not None:
            head["epoch"] = epoch if epoch.__class__ is int else number("epoch", epoch)
        if step is not None:
            if step.__class__ is not int or not -_MOST_STEPS < step < _MOST_STEPS:
                step = _whole(step)
            head["step"] = step
        known = self._known.get(phase if phase.__class__ is str else check_name(phase, "A phase"))
        if known is None or not known.issuperset(values):
            known = self._known[check_name(phase, "A phase")] = {*(known or ()), *(_checked(name) for name in values)}
        for value in values.values():
            if value.__class__ is not float:
                values = {name: number(name, inner) for name, inner in values.items()}
                break
        if step is None and epoch is None:
            head["step"] = next(self._steps)
        head.update(values)
        self._log.append(head)
        if step is not None:
            self._steps = count(step + 1)

    def totals(self, known: Mapping[str, Any]) -> tuple[Totals, int]:
        """The totals of the whole log, and the cursor that they reach to.

        `known` may hold `metrics` and `metrics_end`, what this gave earlier; the rest is read from the log.
        """
        start, ours, end = self._log.counted()
        if start <= FIRST:
            return ours, end
        reached = known.get("metrics_end")
        if not isinstance(reached, int) or not 0 < reached <= start:
            return ours.after(of_log(self._log.path, 0, start)), end
        between = of_log(self._log.path, reached, start)
        return ours.after(between.after(Totals.from_json(known.get("metrics")))), end

    def _stamp(self) -> str:
        """The time to the millisecond; calls within a second share what costs more than the rest of an entry."""
        second, milliseconds = divmod(time.time_ns() // 1_000_000, 1000)
        if second != self._stamped[0]:
            text = timestamp(datetime.fromtimestamp(second, UTC).astimezone())
            self._stamped = (second, text[:19], text[23:])
        return f"{self._stamped[1]}.{milliseconds:03}{self._stamped[2]}"


def of_log(path: Path, start: int, end: int) -> Totals:
    """The totals of the entries between two cursors of a log, read in pieces."""
    totals = Totals()
    while start < end:
        entries, following = read_metrics(path, start, max_bytes=min(_PIECE, end - start))
        if following == start:
            break
        totals.add_entries(entries)
        start = following
    return totals


def number(name: str, value: Any) -> float | int:
    """The number that `value` is, be it of Python, NumPy or a tensor of one element; else InvalidInput."""
    plain = value
    if not isinstance(plain, int | float) and hasattr(plain, "item"):
        try:
            plain = plain.item()
        except (ValueError, RuntimeError):  # More than one element.
            plain = None
    if isinstance(plain, bool):
        return int(plain)
    if isinstance(plain, float):
        return float(plain)
    if isinstance(plain, int) and -(2**63) <= plain < 2**64:
        return int(plain)
    raise InvalidInput(
        "A metric must have a name of text and a value that is a number",
        got=f"{name[:40]!r} = {value!r}"[:120],
        fix="Log float(value); text goes into a tag or save_training_log, many numbers into log_table.",
    )


def _checked(name: str) -> str:
    return check_name(name, "A metric")


def _moment(value: Any) -> Any:
    """What an entry may have as its time; InvalidInput before a step is taken for it."""
    plain = value.isoformat() if hasattr(value, "isoformat") else value
    if not isinstance(plain, str):
        return number("timestamp", plain)
    encode({"timestamp": plain})
    return plain


def _whole(step: Any) -> int:
    if isinstance(step, bool):
        raise _no_step(step)
    try:
        whole = operator.index(step)
    except TypeError as error:
        raise _no_step(step) from error
    if not -_MOST_STEPS < whole < _MOST_STEPS:
        raise _no_step(whole)
    return whole


def _no_step(step: Any) -> InvalidInput:
    return InvalidInput(
        "A step must be a whole number below 2^53", got=f"{step!r}"[:80], fix="Count the updates, or give epoch=…."
    )
