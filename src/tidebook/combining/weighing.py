"""Weights of the members of an ensemble: not negative, of sum 1, and good on the validation part."""

from __future__ import annotations

import itertools

import numpy as np

from tidebook.core.arrays import F64

STEPS = 200  #: of exponentiated gradient
ROUNDS = 20  #: of exchanges between all pairs, at most
PICKS = 25  #: of the greedy selection: no weight is finer than 1 / PICKS
DUST = 1e-3  #: a smaller fitted weight is none
GAIN = 1e-6  #: share of the error below which an improvement is none


def fit_weights(forecasts: F64, actual: F64) -> F64:
    """[M]: the weights with the least absolute error of `forecasts` [P, M] against `actual` [P].

    The error is convex in the weights. Exponentiated gradient (Kivinen and Warmuth, 1997) comes near its minimum from
    equal weights; then pairs of members exchange weight, as much as is best for the two. Nothing is random.
    """
    weights = _descend(forecasts, actual)
    least = _error(forecasts, actual, weights)
    for _ in range(ROUNDS):
        before = least
        for i, j in itertools.combinations(range(len(weights)), 2):
            tried = _exchange(forecasts, actual, weights, i, j)
            error = _error(forecasts, actual, tried)
            if error < least:
                weights, least = tried, error
        if before - least <= GAIN * before:
            break
    weights = np.where(weights < DUST, 0.0, weights)
    return np.asarray(weights / weights.sum())


def select(forecasts: F64, actual: F64, limit: int) -> F64:
    """[M]: weights of at most `limit` members, chosen greedily with replacement.

    The first pick is the best member; every further one is the member whose addition makes the mean of all picks
    best. Of all lengths of that list the best counts, the shortest where they are equal. Caruana, Niculescu-Mizil,
    Crew and Ksikes, Ensemble selection from libraries of models, ICML 2004.
    """
    count = forecasts.shape[1]
    picks = np.zeros(count)
    total = np.zeros(len(actual))
    best, least = picks, np.inf
    for size in range(1, PICKS + 1):
        allowed = range(count) if np.count_nonzero(picks) < limit else np.flatnonzero(picks).tolist()
        errors = {i: float(np.abs((total + forecasts[:, i]) / size - actual).sum()) for i in allowed}
        pick = min(errors, key=lambda i: errors[i])
        picks[pick] += 1
        total += forecasts[:, pick]
        if size == 1 or errors[pick] < least * (1 - GAIN):
            best, least = picks / size, errors[pick]
    return best


def _descend(forecasts: F64, actual: F64) -> F64:
    """The best of the weights that exponentiated gradient passes through."""
    weights = np.full(forecasts.shape[1], 1.0 / forecasts.shape[1])
    best, least = weights, _error(forecasts, actual, weights)
    for step in range(1, STEPS + 1):
        slope = forecasts.T @ np.sign(forecasts @ weights - actual)
        slope -= slope.mean()
        steepest = np.abs(slope).max()
        if steepest == 0:
            break
        weights = weights * np.exp(-slope / steepest / np.sqrt(step))
        weights /= weights.sum()
        error = _error(forecasts, actual, weights)
        if error < least:
            best, least = weights, error
    return best


def _exchange(forecasts: F64, actual: F64, weights: F64, i: int, j: int) -> F64:
    """`weights` after i has taken from j, or given, what makes the error least.

    Along that line the error is Σ|d|·|r/d − t|, least where t is the median of r/d weighted by |d|.
    """
    difference = forecasts[:, i] - forecasts[:, j]
    differs = difference != 0
    if not differs.any():
        return weights
    size = np.abs(difference[differs])
    ratio = (actual - forecasts @ weights)[differs] / difference[differs]
    order = np.argsort(ratio, kind="stable")
    reached = np.cumsum(size[order])
    median = float(ratio[order][np.searchsorted(reached, reached[-1] / 2)])
    given = min(max(median, -weights[i]), weights[j])
    exchanged = weights.copy()
    exchanged[i] = max(0.0, weights[i] + given)
    exchanged[j] = max(0.0, weights[j] - given)
    return exchanged


def _error(forecasts: F64, actual: F64, weights: F64) -> float:
    return float(np.abs(forecasts @ weights - actual).sum())
