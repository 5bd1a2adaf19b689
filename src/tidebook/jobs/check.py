"""What a training would do, found out without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tidebook.core.settings import Settings
from tidebook.data.locate import locate
from tidebook.jobs.planning import parts, planned
from tidebook.specs import TrainSpec

if TYPE_CHECKING:
    from tidebook.data.panel import Panel


def check(spec: TrainSpec, settings: Settings) -> dict[str, Any]:
    """The size of the training that `spec` asks for: series, days, parts, folds, windows and models to fit.

    Raises what the training itself would raise before its first epoch.
    """
    from tidebook.algorithms import hyperparameters, registry
    from tidebook.data.load import load_panel
    from tidebook.jobs.members import members_of

    scope = spec.scope
    algorithm = registry.find(spec.model_type, settings.plugins)
    chosen: Any = hyperparameters.build(algorithm.Hyperparameters, spec.hyperparameters)
    located = locate(spec.dataset, spec.mapping, settings)
    members = members_of(algorithm, chosen, settings)
    panel = load_panel(
        located.path,
        located.mapping,
        scope,
        start=spec.train_start_date,
        end=spec.train_end_date,
        known_future=spec.known_future,
        categories=members.categories or None,
    )
    if panel.plan:
        panel.plan.check()
    folds = planned(spec, algorithm, chosen, panel)
    span = folds[-1].span
    look_back, output = getattr(chosen, "seq_length", 1), getattr(chosen, "output_length", 1)
    windows = max(0, span.train_end - span.start - look_back - output + 1)
    return {
        "description": spec.description,
        "series": len(panel.keys),
        "days": panel.end,
        "observed": int(panel.mask.sum()),
        "train_windows": windows * len(panel.keys),
        "parts": {name: _part(panel, first, end) for name, first, end in parts(span)},
        "folds": [_part(panel, fold.origin, fold.origin + fold.horizon) for fold in folds],
        "fits": len({fold.span for fold in folds}),
        "known_future": list(panel.known_names),
        "findings": list(panel.findings),
    }


def _part(panel: Panel, first: int, end: int) -> dict[str, Any]:
    return {"first": str(panel.dates[first]), "last": str(panel.dates[end - 1]), "days": end - first}
