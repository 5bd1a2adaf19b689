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


@dataclass(frozen=True)
class Fold:
    """A forecast that a model is judged by: of the days [origin, origin + horizon), which it has not seen."""

    origin: int
    horizon: int
    span: Span  #: what its model is fitted on; validation_end is at most the origin


def split(
    panel: Panel,
    *,
    validation_days: int,
    test_days: int,
    look_back: int,
    output_length: int,
    folds: int = 1,
    stride: int | None = None,
) -> Span:
    """The last days of the history for the test, `validation_days` before for validation, the rest to train on.

    The test part holds `folds` forecasts of `test_days` days, each `stride` days (default: `test_days`) after the one
    before. DataFault where the rest cannot hold a single window of `look_back` + `output_length` days, in the
    calendar or in any of the series, or is shorter than the forecasts.
    """
    earlier = (folds - 1) * (stride or test_days)
    need = look_back + output_length + validation_days + test_days + earlier
    parts = f"look-back {look_back} + output {output_length} + validation {validation_days} + test {test_days}"
    fix = "Use a shorter look-back (seq_length), fewer validation or test days, or more data."
    if earlier:
        parts += f" + earlier folds {folds - 1} × {stride or test_days}"
        fix = "Use fewer folds, a shorter look-back (seq_length), fewer validation or test days, or more data."
    if panel.end < need:
        raise DataFault(
            f"The data must hold at least {need} days ({parts})", got=f"{panel.end} days", fix=fix, need=need
        )
    validation_end = panel.end - test_days - earlier
    train_end = validation_end - validation_days
    if train_end < test_days:
        raise DataFault(
            "The train part must be at least as long as what is forecast from it",
            got=f"{train_end} days to train on, {test_days} to forecast",
            fix=fix,
        )
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
    return Span(0, train_end, validation_end, panel.end)


def plan(
    panel: Panel,
    *,
    validation_days: int,
    test_days: int,
    look_back: int,
    output_length: int,
    folds: int = 1,
    stride: int | None = None,
    refit: bool = False,
) -> tuple[Fold, ...]:
    """The folds, oldest first; the model that is kept is the one fitted on the span of the last.

    Without `refit` all folds have one span, whose test part holds them all. With it each has its own, which ends
    with its forecast. DataFault as `split`.
    """
    span = split(
        panel,
        validation_days=validation_days,
        test_days=test_days,
        look_back=look_back,
        output_length=output_length,
        folds=folds,
        stride=stride,
    )
    origins = [span.validation_end + fold * (stride or test_days) for fold in range(folds)]
    if not refit:
        return tuple(Fold(origin, test_days, span) for origin in origins)
    return tuple(
        Fold(origin, test_days, Span(0, origin - validation_days, origin, origin + test_days)) for origin in origins
    )
