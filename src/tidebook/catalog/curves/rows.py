"""Entries of a metrics log → rows of numbers, a stretch of like entries at a time."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite, isnan, nan
from operator import itemgetter
from typing import Any

from tidebook.runs.totals import HEADS, as_number, phase_of

WIDTH = 4  #: numbers in a row: step, seconds since 1970, epoch, value; NaN where unknown

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Stretch:
    """Points of one metric that were logged one after another."""

    phase: str
    name: str
    steps: array[float]  #: where no step was stated the epoch; NaN where there is none either
    seconds: array[float]
    epochs: array[float]
    values: array[float]

    def rows(self, logged: int) -> array[float]:
        """As rows; of points without a step, it is their number among all, of which `logged` came before."""
        rows = array("d", bytes(8 * WIDTH * len(self.values)))
        steps = self.steps
        if isnan(sum(steps)):
            steps = array("d", (logged + place if isnan(step) else step for place, step in enumerate(steps)))
        rows[0::WIDTH], rows[1::WIDTH], rows[2::WIDTH], rows[3::WIDTH] = steps, self.seconds, self.epochs, self.values
        return rows

    @property
    def finite(self) -> Sequence[float]:
        """Those of the values that are finite."""
        return self.values if isfinite(sum(self.values)) else [value for value in self.values if isfinite(value)]


def stretches(entries: Sequence[Entry]) -> Iterator[Stretch]:
    """What entries hold of each metric, in their order; values that are no numbers are left out."""
    for group in _alike(entries):
        phase = phase_of(group[0].get("phase"))
        seconds, epochs, steps = _seconds(group), _head(group, "epoch"), _head(group, "step")
        if isnan(sum(steps)):
            steps = array("d", (epoch if isnan(step) else step for step, epoch in zip(steps, epochs, strict=True)))
        for name in group[0]:
            if name in HEADS:
                continue
            try:
                yield Stretch(phase, name, steps, seconds, epochs, array("d", map(itemgetter(name), group)))
            except (TypeError, OverflowError):
                numbers = [_real(entry[name]) for entry in group]
                known = [place for place, number in enumerate(numbers) if number is not None]
                if known:
                    values = array("d", (number for number in numbers if number is not None))
                    heads = _at(known, steps), _at(known, seconds), _at(known, epochs)
                    yield Stretch(phase, name, *heads, values)


def _at(places: Sequence[int], column: array[float]) -> array[float]:
    return array("d", (column[place] for place in places))


def _alike(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    """Stretches of entries with the same names and phase."""
    start = 0
    while start < len(entries):
        first = entries[start]
        names, phase, end = first.keys(), phase_of(first.get("phase")), start + 1
        while end < len(entries) and entries[end].keys() == names and phase_of(entries[end].get("phase")) == phase:
            end += 1
        yield entries[start:end]
        start = end


def _head(group: Sequence[Entry], name: str) -> array[float]:
    """A number at the head of each entry, NaN where there is none."""
    if name not in group[0]:
        return array("d", [nan]) * len(group)
    try:
        return array("d", map(itemgetter(name), group))
    except (TypeError, OverflowError):
        return array("d", (nan if (number := _real(entry[name])) is None else number for entry in group))


def _seconds(group: Sequence[Entry]) -> array[float]:
    """When each entry was logged, in seconds since 1970; NaN where that cannot be read."""
    seconds = array("d")
    last, moment = None, nan
    for entry in group:
        text = entry.get("timestamp")
        if text != last:
            last = text
            try:
                moment = datetime.fromisoformat(str(text)).timestamp()
            except (ValueError, OverflowError, OSError):
                moment = nan
        seconds.append(moment)
    return seconds


def _real(value: object) -> float | None:
    number = as_number(value)
    try:
        return None if number is None else float(number)
    except OverflowError:
        return None
