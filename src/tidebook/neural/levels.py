"""The mean and deviation of each series, or of all, that windows can be scaled by in place of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.core.arrays import F32, Flags

if TYPE_CHECKING:
    from tidebook.data.panel import Panel, SeriesKey
    from tidebook.data.splits import Span


@dataclass(frozen=True)
class Levels:
    """Of the train part alone. Series that were not trained on, or held nothing, have none: windows use their own."""

    by_series: dict[tuple[str, str], tuple[float, float]]  #: mean and deviation by product and store
    everywhere: tuple[float, float] | None  #: of all series, where all are scaled alike

    @classmethod
    def fit(cls, panel: Panel, span: Span, scaling: str) -> Levels | None:
        """What `scaling` (window, series or global) asks for; None where windows are scaled by their own."""
        if scaling == "window":
            return None
        part = slice(span.start, span.train_end)
        target, seen = panel.target[:, part].astype(np.float64), panel.mask[:, part]
        if scaling == "global":
            return cls({}, _level(target, seen))
        found = ((key, _level(target[i], seen[i])) for i, key in enumerate(panel.keys))
        return cls({(key.product_id, key.store_id): level for key, level in found if level is not None}, None)

    def of(self, keys: Sequence[SeriesKey]) -> F32:
        """[S, 2]: the mean and deviation of each, 0 where there is none."""
        if self.everywhere is not None:
            return np.tile(np.array(self.everywhere, dtype=np.float32), (len(keys), 1))
        found = [self.by_series.get((key.product_id, key.store_id), (0.0, 0.0)) for key in keys]
        return np.array(found, dtype=np.float32).reshape(len(keys), 2)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "by_series": [[*key, *level] for key, level in self.by_series.items()],
            "everywhere": None if self.everywhere is None else list(self.everywhere),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Levels:
        """What `to_json` gave."""
        rows = {(product, store): (mean, scale) for product, store, mean, scale in value["by_series"]}
        return cls(rows, tuple(value["everywhere"]) if value["everywhere"] else None)


def _level(target: Any, seen: Flags) -> tuple[float, float] | None:
    observed = target[seen]
    if len(observed) == 0:
        return None
    mean, scale = float(observed.mean()), float(observed.std())
    scale = max(scale, 0.05 * abs(mean))
    return (mean, scale) if scale > 0 else None
