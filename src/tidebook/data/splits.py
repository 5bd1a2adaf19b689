"""How the time of a panel is divided: by time, never shuffled."""

from __future__ import annotations

from dataclasses import dataclass

from tidebook.core.errors import DataFault
from tidebook.data.panel import Panel


@dataclass(frozen=True)
class Span:
    """The parts of a panel's time; positions on its calendar, ends exclusive.

    train: [start, train_end), validation: [train_end, validation_end), test: [validation_end, test_end).
    """

    start: int
    train_end: int
    validation_end: int
    test_end: int


def split(panel: Panel, *, validation_days: int, test_days: int, look_back: int, output_length: int) -> Span:
    """The last `test_days` of the history for the test, `validation_days` before for validation, the rest to train on.

    DataFault where the rest cannot hold a single window of `look_back` + `output_length` days, in the calendar or
    in any of the series.
    """
    need = look_back + output_length + validation_days + test_days
    parts = f"look-back {look_back} + output {output_length} + validation {validation_days} + test {test_days}"
    fix = "Use a shorter look-back (seq_length), fewer validation or test days, or more data."
    if panel.end < need:
        raise DataFault(
            f"The data must hold at least {need} days ({parts})", got=f"{panel.end} days", fix=fix, need=need
        )
    train_end = panel.end - test_days - validation_days
    seen = panel.mask[:, :train_end]
    first = seen.argmax(axis=1)
    lengths = (train_end - first) * seen.any(axis=1)
    if lengths.max() < look_back + output_length:
        longest = int(lengths.argmax())
        raise DataFault(
            f"At least one series must begin {look_back + output_length} days (look-back {look_back} + output "
            f"{output_length}) before the validation part",
            got=f"{int(lengths[longest])} days in {panel.keys[longest].label}, the longest",
            fix=fix,
        )
    return Span(0, train_end, panel.end - test_days, panel.end)
