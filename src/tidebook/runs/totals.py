"""What was logged under each name, in short: the last value, the smallest, the largest, how many."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

from tidebook.core.errors import InvalidInput

HEADS = frozenset({"epoch", "step", "phase", "timestamp"})  #: of an entry, beside its metrics
MAX_NAME = 250  #: characters of a metric's name
MAX_SHOWN = 2 * MAX_NAME + 1  #: characters of `phase/name`
MOST = 10_000  #: names whose totals are kept; those that come later are not counted
TRAIN = "train"
_SPELLED = frozenset({"NaN", "Infinity", "-Infinity"})

Total = list[Any]  # [last, min, max, count]


class Totals:
    """The totals of a metrics log, kept while it is written.

    A metric of another phase than train is named `phase/name`. Values that are not finite count, and may be the
    last, but are neither smallest nor largest.
    """

    def __init__(self) -> None:
        self._all: dict[str, Total] = {}

    def add_entries(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """Counts entries of a log in. What is no number there is passed over."""
        for alike in _alike(entries):
            phase = phase_of(alike["phase"][0]) if "phase" in alike else TRAIN
            for name, values in alike.items():
                if name not in HEADS:
                    self._add(shown(phase, name), values)

    def _add(self, name: str, values: Sequence[Any]) -> None:
        plain = set(map(type, values)) == {float}
        numbers = values if plain else [each for value in values if (each := as_number(value)) is not None]
        if not numbers:
            return
        total = self._all.get(name)
        if total is None:
            if len(self._all) >= MOST:
                return
            total = self._all[name] = [None, math.inf, -math.inf, 0]
        total[0] = numbers[-1]
        total[3] += len(numbers)
        if not math.isfinite(sum(numbers)):
            numbers = [value for value in numbers if math.isfinite(value)]
        if numbers:
            total[1] = min(total[1], *numbers)
            total[2] = max(total[2], *numbers)

    def after(self, earlier: Totals) -> Totals:
        """These totals together with those of entries before them."""
        whole = Totals()
        for name in islice(earlier._all | self._all, MOST):
            first, then = earlier._all.get(name), self._all.get(name)
            if first is None or then is None:
                whole._all[name] = list(then or first or ())
            else:
                whole._all[name] = [then[0], min(first[1], then[1]), max(first[2], then[2]), first[3] + then[3]]
        return whole

    def to_json(self) -> dict[str, dict[str, Any]]:
        """{name: {last, min, max, count}}; what is not finite is spelled "NaN", "Infinity" or "-Infinity"."""
        return {
            name: {
                "last": spelled(last),
                "min": lowest if math.isfinite(lowest) else None,
                "max": highest if math.isfinite(highest) else None,
                "count": count,
            }
            for name, (last, lowest, highest, count) in self._all.copy().items()
        }

    def last(self) -> dict[str, float | int]:
        """The last value of each metric, where that is finite."""
        return {name: total[0] for name, total in self._all.items() if math.isfinite(total[0])}

    @classmethod
    def from_json(cls, value: object) -> Totals:
        """What `to_json` wrote; what is damaged is left out."""
        totals = cls()
        for name, total in value.items() if isinstance(value, Mapping) else ():
            if len(totals._all) >= MOST:
                break
            if not isinstance(total, Mapping) or len(name) > MAX_SHOWN:
                continue
            if (last := as_number(total.get("last"))) is not None:
                lowest, highest = as_number(total.get("min")), as_number(total.get("max"))
                totals._all[name] = [
                    last,
                    math.inf if lowest is None else lowest,
                    -math.inf if highest is None else highest,
                    _count(total.get("count")),
                ]
        return totals


def _alike(entries: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, tuple[Any, ...]]]:
    """The columns of stretches of entries with the same names and phase, in their order."""
    if not entries:
        return
    columns = _columns(entries)  # Nearly always all are alike.
    if columns is not None:
        yield columns
        return
    start = 0
    while start < len(entries):
        first = entries[start]
        names, phase, end = first.keys(), phase_of(first.get("phase")), start + 1
        while end < len(entries) and entries[end].keys() == names and phase_of(entries[end].get("phase")) == phase:
            end += 1
        yield {name: tuple(entry[name] for entry in entries[start:end]) for name in names}
        start = end


def _columns(entries: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]] | None:
    """The columns of entries that all have the same names and phase; None where they do not."""
    names = tuple(entries[0])
    if len(names) < 2 or set(map(len, entries)) != {len(names)}:
        return None
    try:
        columns = dict(zip(names, zip(*map(itemgetter(*names), entries), strict=True), strict=True))
    except KeyError:
        return None
    phases = columns.get("phase", (TRAIN,))
    alike = set(map(type, phases)) == {str} and phases.count(phases[0]) == len(phases)
    return columns if alike else None


def phase_of(value: object) -> str:
    """The phase that an entry names; what is no text nor number is taken for train."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else TRAIN


def shown(phase: str, name: str) -> str:
    """The name of a metric among those of all phases."""
    return name if phase == TRAIN else f"{phase}/{name}"


def as_number(value: object) -> float | int | None:
    """The number that a value of an entry stands for; None where it is none."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    return float(value) if isinstance(value, str) and value in _SPELLED else None


def _count(value: object) -> int:
    number = as_number(value)
    return int(number) if number is not None and 0 <= number < 2**53 else 0


def spelled(value: float) -> float | str:
    """A number as JSON can hold it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def check_name(name: object, what: str) -> str:
    """`name`, if a metric or phase can be called that: any text, for it is never a path; else InvalidInput."""
    if not isinstance(name, str) or not 1 <= len(name) <= MAX_NAME or _has_control(name):
        raise InvalidInput(
            f"{what} must have a name of 1 to {MAX_NAME} characters without control characters",
            got=f"{name!r:.60}" + (f", {len(name)} characters" if isinstance(name, str) else ""),
            fix="Shorten it, or put what varies into a tag or a table.",
        )
    return name


def _has_control(name: str) -> bool:
    return not name.isprintable() and any(
        character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff" for character in name
    )
