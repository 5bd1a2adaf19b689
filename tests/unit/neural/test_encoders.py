"""What every encoder must do, on numbers made up."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch

from tidebook.algorithms import registry
from tidebook.algorithms.kan import Curves
from tidebook.algorithms.transformer import TransformerModel
from tidebook.core.errors import InvalidInput
from tidebook.neural.algorithm import NeuralAlgorithm
from tidebook.neural.forecaster import Carrying, Forecaster

NAMES = ("gru", "kan", "lstm", "mlstm", "tcn", "transformer")
DAYS, COLUMNS, LOOK_BACK = 30, 5, 12


def encoder(name: str) -> Any:
    torch.manual_seed(0)
    algorithm = registry.find(name)
    assert isinstance(algorithm, NeuralAlgorithm)
    sizes = {"hidden_size": 8, "num_layers": 2, "seq_length": LOOK_BACK, "num_heads": 2, "kernel_size": 3}
    taken = inspect.signature(algorithm.module).parameters
    return algorithm.module(input_size=COLUMNS, **{k: v for k, v in sizes.items() if k in taken}).eval()


@pytest.fixture(scope="module", params=NAMES)
def model(request: pytest.FixtureRequest) -> Any:
    return encoder(request.param)


def past(days: int = DAYS) -> torch.Tensor:
    return torch.randn(4, days, COLUMNS, generator=torch.Generator().manual_seed(1))


def test_every_encoder_is_a_forecaster_that_carries_state(model: Any) -> None:
    assert isinstance(model, Forecaster)
    assert isinstance(model, Carrying)


@torch.no_grad()
def test_no_position_knows_the_days_after_it(model: Any) -> None:
    count = DAYS - LOOK_BACK + 1
    before = model.encode(past(), count)
    for day in (LOOK_BACK, 20, DAYS - 1):
        changed = past()
        changed[:, day:] = 100.0
        after = model.encode(changed, count)
        unaware = day - LOOK_BACK + 1
        torch.testing.assert_close(after[:, :unaware], before[:, :unaware], rtol=1e-5, atol=1e-5)
        assert (after[:, unaware] - before[:, unaware]).abs().max() > 1e-3


@torch.no_grad()
def test_every_day_of_the_look_back_counts(model: Any) -> None:
    before = model.encode(past(LOOK_BACK), 1)
    changed = past(LOOK_BACK)
    changed[:, 0] += 3.0
    assert (model.encode(changed, 1) - before).abs().max() > 0


@pytest.mark.parametrize("steps", [(1,) * 9, (4, 5), (1, 7, 1)])
@torch.no_grad()
def test_going_on_day_by_day_gives_what_all_days_together_give(model: Any, steps: tuple[int, ...]) -> None:
    whole = past()
    day = DAYS - sum(steps)
    encoded, state = model.begin(whole[:, :day])
    torch.testing.assert_close(encoded, model.encode(whole[:, :day], 1), rtol=1e-4, atol=1e-5)
    for step in steps:
        encoded, state = model.step(whole[:, day : day + step], state)
        day += step
        torch.testing.assert_close(encoded, model.encode(whole[:, :day], 1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("look_back", [1, 5, 60, 365])
def test_the_convolutions_of_a_tcn_reach_over_the_whole_look_back(look_back: int) -> None:
    algorithm = registry.find("tcn")
    assert isinstance(algorithm, NeuralAlgorithm)
    tcn: Any = algorithm.module(input_size=1, hidden_size=4, seq_length=look_back)
    reach = 1 + sum(2 * (block.first.kernel - 1) * block.first.dilation for block in tcn.layers)
    assert reach >= look_back


def test_the_splines_of_a_kan_sum_to_one_between_the_ends_of_their_grid() -> None:
    edges = Curves()(torch.linspace(-3, 3, 50)[:, None])
    torch.testing.assert_close(edges[:, 1:].sum(1), torch.ones(50))


def test_a_width_that_heads_cannot_share_is_refused() -> None:
    with pytest.raises(InvalidInput, match="hidden_size must be a multiple of num_heads, but got 10 and 4"):
        TransformerModel(COLUMNS, 10, 1, 4)
