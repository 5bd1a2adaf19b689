"""How the time of a panel is divided: by time, never shuffled."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """The parts of a panel's time; positions on its calendar, ends exclusive.

    train: [start, train_end), validation: [train_end, validation_end), test: [validation_end, test_end).
    """

    start: int
    train_end: int
    validation_end: int
    test_end: int
