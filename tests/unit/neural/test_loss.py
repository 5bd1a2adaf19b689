from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tidebook.neural.loss import QUANTILES, Objective


def window(mean: float = 3.0, scale: float = 2.0) -> Any:
    return SimpleNamespace(mean=torch.tensor([mean]), scale=torch.tensor([scale]))


def best_constant(name: str, values: torch.Tensor) -> torch.Tensor:
    """What a constant forecast becomes that makes the loss of `values` [N], in window units, smallest."""
    objective = Objective(name)
    raw = torch.zeros(1, 1, 1, len(objective.quantiles), requires_grad=True)
    optimizer = torch.optim.Adam([raw], lr=0.05)
    for _ in range(600):
        optimizer.zero_grad()
        forecasts = objective.forecasts(raw, window(), 0)[:, 0].expand(1, len(values), -1)
        objective.errors(forecasts, values[None], window()).mean().backward()
        optimizer.step()
    return objective.forecasts(raw.detach(), window(), 0)[0, 0, 0]


def test_each_loss_is_smallest_at_the_statistic_that_it_stands_for() -> None:
    values = torch.distributions.Gamma(2.0, 1.0).sample((2001,)) - 1.5  # 0 lies at -1.5 in these units
    assert float(best_constant("mae", values)) == pytest.approx(float(values.median()), abs=0.03)
    for name in ("mse", "poisson", "tweedie"):
        assert float(best_constant(name, values)) == pytest.approx(float(values.mean()), abs=0.03)
    levels = torch.quantile(values, torch.tensor(QUANTILES))
    torch.testing.assert_close(best_constant("quantile", values), levels, atol=0.12, rtol=0)


@pytest.mark.parametrize("name", ["poisson", "tweedie"])
def test_means_of_counts_stay_above_zero(name: str) -> None:
    forecasts = Objective(name).forecasts(torch.tensor([[[[-50.0]]]]), window(), 0)[:, 0]
    assert float(forecasts * 2 + 3) == pytest.approx(0.0, abs=1e-5)
    errors = Objective(name).errors(forecasts, torch.tensor([[-2.0]]), window())
    assert torch.isfinite(errors).all()


def test_quantiles_never_cross() -> None:
    forecasts = Objective("quantile").forecasts(torch.tensor([[[[3.0, 1.0, 2.0, 5.0, 4.0]]]]), window(), 0)
    assert forecasts.flatten().tolist() == [1, 2, 3, 4, 5]


def test_scaled_errors_weigh_a_steady_series_by_its_usual_error_and_an_unsteady_one_by_its_level() -> None:
    def errors(usual_error: float, level: float) -> float:
        told = SimpleNamespace(usual_error=torch.tensor([usual_error]), level=torch.tensor([level]))
        windows: Any = told
        return float(Objective("scaled").errors(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1), windows))

    assert errors(0.5, 0.5) == pytest.approx(2.0)
    assert errors(0.01, 1e6) == pytest.approx(50.0)
    assert errors(1e6, 0.1) == pytest.approx(5.0)
    assert errors(1.0, 0.0) == pytest.approx(50.5), "a level of 0 must not rule the training"
