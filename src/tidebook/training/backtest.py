"""What a model is worth: forecasts from several origins, by days ahead and by series, beside the naive forecasts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tidebook.core.arrays import F64, I64, Flags
from tidebook.intervals.levels import pairs
from tidebook.intervals.pooling import windows
from tidebook.training import metrics

if TYPE_CHECKING:
    from tidebook.data.panel import Panel
    from tidebook.training.evaluation import Evaluation

SEASON = 7  #: of MASE, in days
ENOUGH = 20  #: values that a share by days ahead stands on


@dataclass(frozen=True)
class Backtest:
    """The measures over all folds."""

    metrics: dict[str, float]  #: pooled over folds, series and days; see training.metrics
    baseline: dict[str, dict[str, float]]  #: the same of seasonal_naive_7 and seasonal_naive_14
    document: dict[str, Any]  #: what backtest.json holds

    @property
    def skill(self) -> float | None:
        """1 - WAPE over that of the better naive forecast; None where one of them is not defined."""
        value: float | None = self.document["skill"]["value"]
        return value

    @property
    def coverage(self) -> list[dict[str, Any]]:
        """{level, nominal, observed, width, points} of each interval, narrowest first."""
        coverage: list[dict[str, Any]] = self.document["coverage"]
        return coverage


def backtest(panel: Panel, evaluations: Sequence[Evaluation]) -> Backtest:
    """The measures of `evaluations`, which are in the order of their origins and of one horizon."""
    pool = _Pool(panel, evaluations)
    pooled = pool.measured(pool.forecast)
    baseline = {name: pool.measured(values) for name, values in pool.naive.items()}
    against = min(baseline, key=lambda name: _or_infinity(baseline[name]["wape"]))
    covered = pool.covered()
    document = {
        "format_version": 1,
        "horizon": pool.actual.shape[1],
        "folds": [_fold(panel, evaluation) for evaluation in evaluations],
        "skill": {"against": against, "value": _skill(pooled["wape"], baseline[against]["wape"])},
        "by_step": _by_step(pool, pool.naive[against], covered),
        "by_series": _by_series(panel, pool, pool.naive[against]),
        "coverage": [
            {
                "level": level,
                "nominal": level / 100,
                "observed": _share(inside, counted),
                "width": _mean(width[counted]),
                "points": int(counted.sum()),
            }
            for level, (inside, counted, width) in covered.items()
        ],
    }
    return Backtest(pooled, baseline, document)


class _Pool:
    """All folds below one another: R rows of a series and an origin, H days."""

    def __init__(self, panel: Panel, evaluations: Sequence[Evaluation]) -> None:
        self.evaluations = evaluations
        self.series: I64 = np.concatenate([evaluation.series for evaluation in evaluations])
        self.actual = _stacked(evaluation.actual for evaluation in evaluations)
        self.mask: Flags = np.concatenate([evaluation.mask for evaluation in evaluations])
        self.forecast = _stacked(evaluation.values for evaluation in evaluations)
        self.naive = {name: _stacked(e.naive[name] for e in evaluations) for name in evaluations[0].naive}
        origin = np.concatenate([np.full(len(e.series), e.origin) for e in evaluations])
        last = max(e.origin for e in evaluations)
        self._history = panel.target[self.series, :last]
        self._seen: Flags = panel.mask[self.series, :last] & (np.arange(last) < origin[:, None])

    def measured(self, forecast: F64) -> dict[str, float]:
        return metrics.evaluate(self.actual, forecast, self.mask, self._history, self._seen, SEASON)

    def covered(self) -> dict[float, tuple[Flags, Flags, F64]]:
        """Of each level: what lay inside, what counts, and the width, each [R, H].

        Days known to be closed do not count: that they are forecast rightly says nothing about the interval.
        """
        found: dict[float, list[tuple[Flags, Flags, F64]]] = {}
        levels = sorted({level for e in self.evaluations for level, _, _ in pairs(e.forecast.quantiles)})
        for evaluation in self.evaluations:
            places = {level: (low, high) for level, low, high in pairs(evaluation.forecast.quantiles)}
            for level in levels:
                low, high = places.get(level, (0, 0))
                lower, upper = evaluation.forecast.values[:, :, low], evaluation.forecast.values[:, :, high]
                inside = (lower <= evaluation.actual) & (evaluation.actual <= upper)
                counted = evaluation.mask & ~evaluation.certain & (level in places)
                found.setdefault(level, []).append((inside, counted, (upper - lower).astype(np.float64)))
        return {
            level: (
                np.concatenate([inside for inside, _, _ in parts]),
                np.concatenate([counted for _, counted, _ in parts]),
                np.concatenate([width for _, _, width in parts]),
            )
            for level, parts in found.items()
        }


def _fold(panel: Panel, evaluation: Evaluation) -> dict[str, Any]:
    pool = _Pool(panel, [evaluation])
    return {
        "origin": str(panel.dates[evaluation.origin]),
        "refit": evaluation.refit,
        "metrics": _plain(pool.measured(pool.forecast)),
        "baseline_wape": _plain({name: _wape(pool.actual, naive, pool.mask) for name, naive in pool.naive.items()}),
    }


def _by_step(pool: _Pool, naive: F64, covered: Mapping[float, tuple[Flags, Flags, F64]]) -> list[dict[str, Any]]:
    """Of each day ahead. Coverage is a share, which needs more values: it takes those of the days around, too."""
    shares = {level: _shares(inside, counted) for level, (inside, counted, _) in covered.items()}
    steps = []
    for step in range(pool.actual.shape[1]):
        seen = pool.mask[:, step]
        actual, forecast = pool.actual[seen, step], pool.forecast[seen, step]
        steps.append(
            {
                "step": step + 1,
                "wape": _or_none(metrics.wape(actual, forecast)),
                "mae": _mean(np.abs(actual - forecast)),
                "bias": _mean(forecast - actual),
                "points": int(seen.sum()),
                "baseline_wape": _or_none(metrics.wape(actual, naive[seen, step])),
                "coverage": {f"{level:g}": values[step] for level, values in shares.items()},
            }
        )
    return steps


def _by_series(panel: Panel, pool: _Pool, naive: F64) -> list[dict[str, Any]]:
    """In the panel's order, over all folds."""

    def summed(values: npt.NDArray[Any]) -> F64:
        rows = np.where(pool.mask, values, 0).sum(axis=1)
        return np.bincount(pool.series, weights=rows, minlength=len(panel.keys)).astype(np.float64)

    points, size = summed(np.ones(pool.mask.shape)), summed(np.abs(pool.actual))
    error, other = summed(np.abs(pool.actual - pool.forecast)), summed(np.abs(pool.actual - naive))
    rows = []
    for i in np.flatnonzero(points).tolist():
        wape, baseline = (float(one[i] / size[i]) if size[i] else math.nan for one in (error, other))
        rows.append(
            {
                "series": panel.keys[i].label,
                "product_id": panel.keys[i].product_id,
                "store_id": panel.keys[i].store_id,
                "wape": _or_none(wape),
                "mae": float(error[i] / points[i]),
                "baseline_wape": _or_none(baseline),
                "skill": _skill(wape, baseline),
                "points": int(points[i]),
            }
        )
    return rows


def _stacked(parts: Iterable[npt.NDArray[np.floating[Any]]]) -> F64:
    return np.concatenate(list(parts)).astype(np.float64)


def _wape(actual: F64, forecast: F64, mask: Flags) -> float:
    return metrics.wape(actual[mask], forecast[mask])


def _skill(wape: float, naive: float) -> float | None:
    return 1 - wape / naive if math.isfinite(wape) and naive > 0 else None


def _share(inside: Flags, counted: Flags) -> float | None:
    return _mean(inside[counted].astype(np.float64))


def _shares(inside: Flags, counted: Flags) -> list[float | None]:
    """By day ahead, each over as many of the days around it as it takes to have ENOUGH values, if there are."""
    seen = np.concatenate([[0], np.cumsum(counted.sum(axis=0))])
    spans = windows(counted.shape[1], lambda first, last: bool(seen[last] - seen[first] >= ENOUGH))
    return [_share(inside[:, first:last], counted[:, first:last]) for first, last in spans]


def _mean(values: F64) -> float | None:
    return float(values.mean()) if len(values) else None


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _or_infinity(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def _plain(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _or_none(value) for name, value in values.items()}
