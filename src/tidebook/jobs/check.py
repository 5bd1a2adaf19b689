"""What a training would do, found out without doing it."""

from __future__ import annotations

from typing import Any

from tidebook.core.settings import Settings
from tidebook.data.locate import locate
from tidebook.specs import TrainSpec


def check(spec: TrainSpec, settings: Settings) -> dict[str, Any]:
    """The size of the training that `spec` asks for: series, days, parts and windows.

    Raises what the training itself would raise before its first epoch.
    """
    from tidebook.algorithms import hyperparameters, registry
    from tidebook.data.load import load_panel
    from tidebook.data.splits import split

    scope = spec.scope
    chosen: Any = hyperparameters.build(
        registry.find(spec.model_type, settings.plugins).Hyperparameters, spec.hyperparameters
    )
    located = locate(spec.dataset, spec.mapping, settings)
    panel = load_panel(
        located.path,
        located.mapping,
        scope,
        start=spec.train_start_date,
        end=spec.train_end_date,
        known_future=spec.known_future,
    )
    look_back, output = getattr(chosen, "seq_length", 1), getattr(chosen, "output_length", 1)
    span = split(
        panel,
        validation_days=spec.validation_days,
        test_days=spec.test_days,
        look_back=look_back,
        output_length=output,
    )
    windows = max(0, span.train_end - span.start - look_back - output + 1)
    parts = {
        name: {"first": str(panel.dates[first]), "last": str(panel.dates[last - 1]), "days": last - first}
        for name, first, last in (
            ("train", span.start, span.train_end),
            ("validation", span.train_end, span.validation_end),
            ("test", span.validation_end, span.test_end),
        )
    }
    return {
        "description": spec.description,
        "series": len(panel.keys),
        "days": panel.end,
        "observed": int(panel.mask.sum()),
        "train_windows": windows * len(panel.keys),
        "parts": parts,
        "known_future": list(panel.known_names),
        "findings": list(panel.findings),
    }
