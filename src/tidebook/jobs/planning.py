"""Which days a training learns from, and which it is judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tidebook.core.errors import InvalidInput
from tidebook.specs import TrainSpec

if TYPE_CHECKING:
    from tidebook.abc import Algorithm
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Fold, Span


def planned(spec: TrainSpec, algorithm: Algorithm, chosen: Any, panel: Panel) -> tuple[Fold, ...]:
    """The folds of a training, oldest first; the model that is kept learns from the span of the last.

    DataFault where the history is too short for them; InvalidInput for a refit of what is made of published versions.
    """
    from tidebook.data.splits import plan

    if spec.refit and algorithm.traits.members:
        raise InvalidInput(
            "With refit the model of each fold must be trained anew",
            got=f"{algorithm.name}, whose members are published versions",
            fix="Leave refit out.",
        )
    return plan(
        panel,
        validation_days=spec.validation_days,
        test_days=spec.test_days,
        look_back=getattr(chosen, "seq_length", 1),
        output_length=getattr(chosen, "output_length", 1),
        folds=spec.folds,
        stride=spec.stride,
        refit=spec.refit,
    )


def parts(span: Span) -> tuple[tuple[str, int, int], ...]:
    """(name, first day, end) of train, validation and test, as positions."""
    return (
        ("train", span.start, span.train_end),
        ("validation", span.train_end, span.validation_end),
        ("test", span.validation_end, span.test_end),
    )
