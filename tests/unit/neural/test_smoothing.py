from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tidebook.neural.smoothing import RATES, SMALLEST, choose, smoothed

SEASON = 4


def level_by_hand(values: list[float], rate: float) -> float:
    """Exponential smoothing of one season's values, oldest first; the weights that never were are left out."""
    weights = [rate * (1 - rate) ** k for k in range(len(values))]
    return sum(w * v for w, v in zip(weights, reversed(values), strict=True)) / sum(weights)


@pytest.mark.parametrize("rate", RATES)
def test_what_is_usual_is_the_smoothed_value_of_the_same_place_in_the_seasons_before(rate: float) -> None:
    target = torch.randn(1, 6 * SEASON, generator=torch.Generator().manual_seed(1))
    weights = rate * (1 - rate) ** torch.arange(6.0)[None]
    found = smoothed(target, torch.ones_like(target, dtype=torch.bool), weights, SEASON)
    for day in range(SEASON, 6 * SEASON):
        before = target[0, day % SEASON : day : SEASON].tolist()
        assert float(found[0, day]) == pytest.approx(level_by_hand(before, rate), abs=1e-4)
    assert found[0, :SEASON].tolist() == [0.0] * SEASON


def test_a_steady_season_is_averaged_and_a_wandering_one_followed() -> None:
    noise = torch.randn(64, 60 * SEASON, generator=torch.Generator().manual_seed(2))
    seen = torch.ones_like(noise, dtype=torch.bool)
    averaged, _ = choose(noise, seen, SEASON)
    followed, _ = choose(noise.cumsum(1), seen, SEASON)
    assert float(averaged[:, 0].mean()) < 0.2
    assert float(followed[:, 0].mean()) > 0.8


def test_days_that_were_not_seen_count_for_nothing() -> None:
    target = torch.randn(3, 10 * SEASON, generator=torch.Generator().manual_seed(3))
    seen = torch.rand(3, 10 * SEASON, generator=torch.Generator().manual_seed(4)) < 0.7
    weights, error = choose(target, seen, SEASON)
    other = torch.where(seen, target, 1e6)
    again, error_again = choose(other, seen, SEASON)
    torch.testing.assert_close(weights, again)
    torch.testing.assert_close(error, error_again)
    torch.testing.assert_close(smoothed(target, seen, weights, SEASON), smoothed(other, seen, weights, SEASON))


@given(days=st.integers(1, 3 * SEASON), kind=st.sampled_from(("zeros", "constant", "unseen")))
def test_windows_without_a_season_or_without_change_have_a_finite_error(days: int, kind: str) -> None:
    target = torch.zeros(2, days) if kind != "constant" else torch.full((2, days), 0.3)
    seen = torch.full((2, days), kind != "unseen")
    weights, error = choose(target, seen, SEASON)
    assert bool((error >= SMALLEST).all())
    assert bool(torch.isfinite(smoothed(target, seen, weights, SEASON)).all())
