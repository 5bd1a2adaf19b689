"""Ensemble: published versions that forecast together, by their mean or by weights fitted on the validation part.

A member that was trained with a later split than this ensemble's has seen days of the ensemble's validation part, or
of its test part. Its forecasts of them look better than they will be; the log and the table say so.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.abc import Fitted, State, Traits
from tidebook.algorithms.bounds import BoundedHyperparameters, Bounds
from tidebook.algorithms.hyperparameters import hyperparameter
from tidebook.algorithms.validation import validation
from tidebook.combining import composite
from tidebook.combining.composite import CompositeFitted, Member
from tidebook.combining.rolling import Rolling
from tidebook.combining.table import Note, note, row
from tidebook.combining.weighing import fit_weights
from tidebook.core.arrays import F32
from tidebook.core.errors import InvalidInput

if TYPE_CHECKING:
    from tidebook.abc import FitContext
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span


@dataclass(frozen=True)
class Hyperparameters(BoundedHyperparameters):
    """The members, and how they are weighed."""

    members: str = hyperparameter(
        "",
        help="Addresses of published versions separated by commas: product/P001_all/lstm/v1, or with /best or /latest.",
        help_zh="以逗号分隔的已发布版本地址：product/P001_all/lstm/v1，或以 /best、/latest 结尾。",
    )
    weights: str = hyperparameter(
        "mean",
        choices=("mean", "fitted"),
        help="mean: all alike; fitted: those with the least absolute error on the validation part.",
        help_zh="mean：等权；fitted：使验证期绝对误差最小的权重。",
    )


class Ensemble:
    """The algorithm."""

    name = "ensemble"
    Hyperparameters = Hyperparameters
    traits = Traits(
        title="Ensemble",
        description="Combines published versions; often better than each of them.",
        description_zh="组合多个已发布的版本；往往优于其中任何一个。",
        tag_type="warning",
        neural=False,
        known_future=True,
        past=True,
        members=True,
    )

    def fit(self, panel: Panel, span: Span, hyperparameters: Any, context: FitContext) -> Fitted:
        """Weighs the members of the context. InvalidInput without any, and for one that does not fit the panel."""
        settings: Hyperparameters = hyperparameters
        if not context.members:
            raise InvalidInput(
                "An ensemble must have members",
                got="none",
                fix="Name published versions in members, such as product/P001_all/lstm/best.",
                field="members",
            )
        rolling = Rolling.over(panel, span)
        addresses = [address for address, _ in context.members]
        models = [_rebuilt(address, state) for address, state in context.members]
        answers = [_asked(rolling, model, address) for model, address in zip(models, addresses, strict=True)]
        forecasts = np.stack(answers, axis=1).astype(np.float64)
        count = len(models)
        fitted = settings.weights == "fitted"
        weights = fit_weights(forecasts, rolling.actual) if fitted else np.full(count, 1 / count)
        members, table = [], []
        for i, (address, state) in enumerate(context.members):
            later = _later(state, panel, span)
            for said in later:
                context.log(f"{address} {said['en']}")
            kind = str(state.config["model_type"])
            members += [Member(kind, float(weights[i]), models[i], address)] if weights[i] > 0 else []
            table.append(row(address, validation_wape=rolling.wape(answers[i]), weight=float(weights[i]), notes=later))
        config = {
            "model_type": self.name,
            **asdict(settings),
            "feature_names": composite.feature_names(members),
            "table": table,
        }
        whole = CompositeFitted(members, Bounds.fit(panel, span, settings.non_negative), config)
        config["validation"] = validation(whole, panel, span)
        return whole

    def load(self, state: State) -> Fitted:
        """The members of `state`."""
        return composite.load(state)


def _rebuilt(address: str, state: State) -> Fitted:
    try:
        return composite.rebuild(str(state.config["model_type"]), state)
    except Exception as error:
        raise _unfit(address, error) from error


def _asked(rolling: Rolling, model: Fitted, address: str) -> F32:
    """[P]: the member's forecasts; InvalidInput where it cannot read the panel."""
    try:
        return rolling.forecast(model)
    except Exception as error:
        raise _unfit(address, error) from error


def _unfit(address: str, error: Exception) -> InvalidInput:
    return InvalidInput(
        "A member of an ensemble must be able to forecast the data that the ensemble is trained on",
        got=f"{address}: {error or type(error).__name__}",
        fix="Name the same known-future covariates as when it was trained, or leave it out.",
        field="members",
        member=address,
    )


def _later(state: State, panel: Panel, span: Span) -> list[Note]:
    """What is to be said of a member that was trained with a later split."""
    end = (state.config.get("validation") or {}).get("end")
    if end is None or np.datetime64(end, "D") <= panel.dates[span.validation_end - 1]:
        return []
    return [note("later_split", end=end)]


algorithm = Ensemble()
