"""Auto: tries what suits the data within a budget of time, and keeps the best, or a mix of the best.

Every candidate is asked the same questions: forecasts from several origins of the validation part (see rolling). The
seasonal naive forecasts come first, so that there is always a result. A mix is chosen greedily with replacement
(Caruana et al., 2004, see weighing), and kept where it is better than the best candidate alone.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.abc import Fitted, State, Traits
from tidebook.algorithms.bounds import BoundedHyperparameters, Bounds
from tidebook.algorithms.hyperparameters import hyperparameter
from tidebook.algorithms.validation import validation
from tidebook.combining import composite
from tidebook.combining.composite import CompositeFitted, Member
from tidebook.combining.journal import Journal
from tidebook.combining.rolling import Rolling
from tidebook.combining.shortlist import BASELINE, shortlist
from tidebook.combining.table import note, row
from tidebook.combining.trial import Outcome, Trial, run
from tidebook.combining.weighing import GAIN, select
from tidebook.core.arrays import F64
from tidebook.core.errors import TaskFailure

if TYPE_CHECKING:
    from tidebook.abc import FitContext
    from tidebook.combining.shortlist import Candidate
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

ATTEMPTS = 2  #: trainings of a candidate in which the process may die


@dataclass(frozen=True)
class Hyperparameters(BoundedHyperparameters):
    """The budget, and what to try."""

    budget_minutes: float = hyperparameter(
        10.0,
        low=0.01,
        high=10_080.0,
        help="Minutes that the candidates may train for in all.",
        help_zh="所有候选算法训练的总时间（分钟）。",
    )
    candidates: str = hyperparameter(
        "default",
        help="Names of algorithms separated by commas; default: those that suit the data.",
        help_zh="以逗号分隔的算法名称；default：适合该数据的算法。",
    )
    ensemble: str = hyperparameter(
        "yes",
        choices=("yes", "no"),
        help="Whether a mix of the best is kept where it is better than the best one.",
        help_zh="当组合优于最佳单一算法时，是否采用组合。",
    )
    keep: int = hyperparameter(
        4, low=1, high=20, help="Algorithms in a mix at most.", help_zh="组合中最多包含的算法数。"
    )


class Auto:
    """The algorithm."""

    name = "auto"
    Hyperparameters = Hyperparameters
    traits = Traits(
        title="Auto",
        description="Tries what suits the data within a time budget; keeps the best algorithm, or a mix of the best.",
        description_zh="在时间预算内尝试适合数据的算法，保留最佳者或其组合。",
        tag_type="success",
        neural=False,
        known_future=True,
        past=True,
    )

    def fit(self, panel: Panel, span: Span, hyperparameters: Any, context: FitContext) -> Fitted:
        """Trains the candidates one after another, each with a fair share of the time that is left.

        InvalidInput for candidates that there are not; TaskFailure where not one gave a forecast.
        """
        settings: Hyperparameters = hyperparameters
        candidates, skipped = shortlist(panel, span, settings.candidates)
        rolling = Rolling.over(panel, span)
        journal = Journal.open(context, rolling)
        for place, candidate in enumerate(candidates):
            if context.should_stop() and candidate.model_type != BASELINE:
                break
            if all(outcome.candidate.key != candidate.key for outcome in journal.outcomes):
                _try(candidate, place, len(candidates), panel, span, journal, context, settings.budget_minutes * 60)
        members, rows = _choose(journal.outcomes, rolling, settings)
        table = [*rows, *(row(name, notes=[reason]) for name, reason in skipped.items())]
        config = {
            "model_type": self.name,
            **asdict(settings),
            "feature_names": composite.feature_names(members),
            "table": table,
        }
        fitted = CompositeFitted(members, Bounds.fit(panel, span, settings.non_negative), config)
        config["validation"] = validation(fitted, panel, span)
        return fitted

    def load(self, state: State) -> Fitted:
        """The members of `state`."""
        return composite.load(state)


def _try(
    candidate: Candidate,
    place: int,
    count: int,
    panel: Panel,
    span: Span,
    journal: Journal,
    context: FitContext,
    budget: float,
) -> None:
    """Adds the outcome of `candidate` to the journal, unless somebody asked to stop meanwhile."""
    trial = Trial(context, candidate.key, place, count, context.device, context.seed, time.monotonic())
    left = budget - journal.elapsed
    if context.deadline is not None:
        left = min(left, context.deadline - trial.started)
    if candidate.model_type != BASELINE:
        if left <= 0:
            journal.add(Outcome(candidate, 0.0, notes=(note("out_of_time"),)))
            return
        before = journal.begin(candidate)
        if before >= ATTEMPTS:
            journal.add(Outcome(candidate, 0.0, notes=(note("skipped_killed", count=before),)))
            return
        trial.deadline = trial.started + left / (count - place)
    context.log(f"Candidate {place + 1} of {count}: {candidate.key}")
    trial.progress(epoch=1, epochs=1, step=0, steps=1, train_loss=None)
    outcome = run(candidate, trial, panel, span, journal.rolling)
    if candidate.model_type == BASELINE or not context.should_stop():
        journal.add(outcome)


def _choose(
    outcomes: list[Outcome], rolling: Rolling, settings: Hyperparameters
) -> tuple[list[Member], list[dict[str, Any]]]:
    """The members of the winner, and the rows of the table, the best first."""
    made = [(outcome, outcome.fitted, o) for outcome in outcomes if (o := outcome.forecasts) is not None]
    if not made:
        raise TaskFailure(
            "At least one candidate must give a forecast",
            got=f"none of {len(outcomes)}",
            fix="The log says what each failed of.",
        )
    forecasts = np.stack([values for _, _, values in made], axis=1).astype(np.float64)
    weights, mixed = _weights([outcome.candidate.key for outcome, _, _ in made], forecasts, rolling, settings)
    rows = mixed + [
        _row(outcome, rolling.wape(values), weight) for (outcome, _, values), weight in zip(made, weights, strict=True)
    ]
    rows.sort(key=lambda entry: np.inf if entry["validation_wape"] is None else entry["validation_wape"])
    rows += [_row(outcome, None, None) for outcome in outcomes if outcome.forecasts is None]
    members = [
        Member(outcome.candidate.model_type, weight, fitted)
        for (outcome, fitted, _), weight in zip(made, weights, strict=True)
        if weight and fitted is not None
    ]
    return members, rows


def _weights(
    names: list[str], forecasts: F64, rolling: Rolling, settings: Hyperparameters
) -> tuple[list[float], list[dict[str, Any]]]:
    """[M]: the share of each of `forecasts` [P, M]; and the row of the mix, where one was tried."""
    errors = [rolling.error(forecasts[:, i]) for i in range(len(names))]
    best = int(np.argmin(errors))
    alone = [float(i == best) for i in range(len(names))]
    if settings.ensemble == "no":
        return alone, []
    picked = select(forecasts, rolling.actual, settings.keep)
    mixed = forecasts @ picked
    if np.count_nonzero(picked) == 1:
        return alone, []
    better = rolling.error(mixed) < errors[best] * (1 - GAIN)
    members = ", ".join(name for name, weight in zip(names, picked, strict=True) if weight)
    said = note("mixed" if better else "mixed_not_better", members=members)
    return picked.tolist() if better else alone, [row("ensemble", validation_wape=rolling.wape(mixed), notes=[said])]


def _row(outcome: Outcome, wape: float | None, weight: float | None) -> dict[str, Any]:
    return row(
        outcome.candidate.model_type,
        validation_wape=wape,
        seconds=round(outcome.seconds, 1),
        weight=weight,
        notes=outcome.notes,
    )


algorithm = Auto()
