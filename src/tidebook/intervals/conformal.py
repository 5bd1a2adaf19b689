"""The conformal quantile of scores, by step.

Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005. Of n scores that are exchangeable with the
one to come, the k-th smallest with k = ⌈(n + 1) q⌉ is not exceeded with a probability of at least q; below the
middle k = ⌊(n + 1) q⌋ by symmetry.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist

import numpy as np

from tidebook.core.arrays import F64, I64, Flags
from tidebook.intervals.pooling import windows

BEYOND = 2  #: scores that are expected beyond a quantile, at least: 20 scores for 80 %, 80 for 95 %
DATES = 14  #: days that a quantile stands on, at least: errors of one day have causes in common


def offsets(scores: F64, step: I64, dates: Flags, quantiles: Sequence[float]) -> F64:
    """[N, Q]: the conformal quantiles of scores[M, Q] by step, in the order of `quantiles`.

    `step`[M] from 0 says which of the N steps a score is of, dates[N, D] which of the days that were forecast each
    step's are of. A step with too few scores or days takes those of its neighbours, nearest first, until it has
    enough or all.
    """
    order = np.argsort(step, kind="stable")
    scores = scores[order]
    starts = np.concatenate([[0], np.cumsum(np.bincount(step, minlength=len(dates)))])

    @cache
    def varied(first: int, last: int) -> bool:
        return int(dates[first:last].any(axis=0).sum()) >= DATES

    result = np.zeros((len(dates), len(quantiles)))
    for column, quantile in enumerate(quantiles):
        need = math.ceil(round(BEYOND / min(quantile, 1 - quantile), 6))

        def enough(first: int, last: int, need: int = need) -> bool:
            return bool(starts[last] - starts[first] >= need) and varied(first, last)

        for place, (first, last) in enumerate(windows(len(dates), enough)):
            result[place, column] = offset(scores[starts[first] : starts[last], column], quantile)
    return result


def offset(scores: F64, quantile: float) -> float:
    """The conformal quantile of scores[M].

    Where there are too few for the level, that of a normal distribution around 0 with the scores' mean square,
    widened for what M leaves uncertain, or the outermost score where that is further out.
    """
    count = len(scores)
    rank = round((count + 1) * quantile, 9)
    place = math.ceil(rank) if quantile > 0.5 else math.floor(rank)
    if 1 <= place <= count:
        return float(np.partition(scores, place - 1)[place - 1])
    spread = math.sqrt(float(np.square(scores).mean()) * (1 + 1 / count))
    normal = NormalDist().inv_cdf(quantile) * spread
    return max(normal, float(scores.max())) if quantile > 0.5 else min(normal, float(scores.min()))
