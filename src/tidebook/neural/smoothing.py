"""Seasonal exponential smoothing of each window, which a network may forecast the departures from.

As in the hybrid of Smyl (2020), but with one smoothing constant for each window, chosen among RATES by how well it
would have forecast the window's own first days.
"""

from __future__ import annotations

import torch
from torch import Tensor

RATES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)  #: shares that the newest season has in the level
SMALLEST = 0.01  #: deviations; the usual error of a window that repeats itself exactly


def choose(target: Tensor, seen: Tensor, season: int) -> tuple[Tensor, Tensor]:
    """[B, K] and [B]: the weights of the K whole seasons before a day, latest first, and their mean absolute error.

    Over target [B, D], where `seen` [B, D]. Without two seasons, or days seen in them, the error is 1.
    """
    seasons = target.shape[1] // season
    if seasons < 2:
        return torch.zeros(len(target), max(seasons, 1), device=target.device), torch.ones_like(target[:, 0])
    share = torch.tensor(RATES, device=target.device)
    weights = share * (1 - share).pow(torch.arange(seasons, device=target.device)[:, None])  # [K, rates]
    before, there = _before(target, seasons, season), _before(seen.to(target.dtype), seasons, season)
    total = there @ weights
    counted = seen[..., None] & (total > 1e-6)
    distance = torch.where(counted, (target[..., None] - (before * there) @ weights / total.clamp(min=1e-6)).abs(), 0.0)
    count = counted.sum(1)
    error, chosen = torch.where(count > 0, distance.sum(1) / count.clamp(min=1), 1.0).min(1)
    return weights.t()[chosen], error.clamp(min=SMALLEST)


def smoothed(target: Tensor, seen: Tensor, weights: Tensor, season: int) -> Tensor:
    """[B, D]: of each day the weighted mean of the seasons before it that were seen; 0 where there are none."""
    seasons = weights.shape[1]
    before, there = _before(target, seasons, season), _before(seen.to(target.dtype), seasons, season)
    there = there * weights[:, None]
    return (before * there).sum(-1) / there.sum(-1).clamp(min=1e-6)


def _before(values: Tensor, seasons: int, season: int) -> Tensor:
    """[B, D, K]: the values 1 ... K seasons before each day; 0 before the first."""
    days = values.shape[1]
    padded = torch.nn.functional.pad(values, (seasons * season, 0))
    first = [(seasons - k - 1) * season for k in range(seasons)]
    return torch.stack([padded[:, start : start + days] for start in first], dim=-1)
