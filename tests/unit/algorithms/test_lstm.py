from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.unit.algorithms.panels import fit, panel, span
from tidebook.algorithms.lstm import LSTMModel
from tidebook.core.errors import DataFault, InvalidInput


@pytest.mark.parametrize("output_length", [1, 7])
def test_three_numbers_of_the_config_and_the_state_make_the_model(tmp_path: Path, output_length: int) -> None:
    state = fit("lstm", panel(), span(), output_length=output_length, epochs=1).state()
    torch.save(state.weights, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps(state.config))

    config = json.loads((tmp_path / "config.json").read_text())
    model = LSTMModel(
        input_size=config["input_size"], hidden_size=config["hidden_size"], num_layers=config["num_layers"]
    )
    model.load_state_dict(torch.load(tmp_path / "pytorch_model.bin"))

    assert config["output_size"] == 1
    assert len(config["feature_names"]) == config["input_size"]
    past = torch.rand(2, 14, config["input_size"])
    known = torch.rand(2, 14 + output_length, config["known_size"])
    static = torch.rand(2, config["static_size"])
    assert model.eval()(past, known, static).shape == (2, 1, output_length, 1)
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, state.weights[name], rtol=0, atol=0)


def test_closed_days_are_forecast_as_zero() -> None:
    data = panel(future=14)
    values = fit("lstm", data, span(), epochs=1).forecast(data, np.arange(3), np.full(3, data.end), 14).point
    closed = data.known[:, data.end :, 0] == 0
    assert closed.any()
    assert (values[closed] == 0).all()
    assert (values >= 0).all()


def test_what_may_be_negative_is_not_cut_off() -> None:
    data = panel(closed=False)
    below = type(data)(**{**data.__dict__, "target": data.target - 2000})
    values = fit("lstm", below, span(), epochs=1).forecast(below, np.arange(3), np.full(3, 106), 7).point
    assert (values < 0).any()


def test_the_known_future_changes_the_forecast() -> None:
    data = panel()
    fitted = fit("lstm", data, span(), epochs=4)
    promoted = data.known.copy()
    promoted[:, 106:113, 1] = 1 - promoted[:, 106:113, 1]
    other = type(data)(**{**data.__dict__, "known": promoted})
    series, origin = np.arange(3), np.full(3, 106)
    before, after = (fitted.forecast(p, series, origin, 7).point for p in (data, other))
    assert np.abs(before - after).max() > 0


def test_a_panel_with_other_columns_is_refused() -> None:
    fitted = fit("lstm", panel(), span(), epochs=1)
    other = type(panel())(**{**panel().__dict__, "known_names": ("open", "price")})
    with pytest.raises(InvalidInput) as caught:
        fitted.forecast(other, np.array([0]), np.array([100]), 7)
    assert str(caught.value) == (
        "A panel must have the known-future covariates that the model was trained with (open, promo), "
        "but got open, price. Load the panel with the mapping and known_future of the training."
    )


def test_a_state_of_another_model_is_refused() -> None:
    from tidebook.abc import State
    from tidebook.algorithms.lstm import algorithm

    state = fit("lstm", panel(), span(), epochs=1).state()
    with pytest.raises(
        DataFault, match="The state must be one that lstm was saved with, but got KeyError: 'covariates'"
    ):
        algorithm.load(State({"model_type": "lstm"}, state.weights))
    with pytest.raises(DataFault, match="The state must be one that lstm was saved with, but got RuntimeError"):
        algorithm.load(State(state.config, {}))


def test_it_learns_a_panel_better_than_the_naive_forecast() -> None:
    data, parts = panel(5, 300), span(300)
    known: dict[str, Any] = {"seq_length": 28, "hidden_size": 16, "epochs": 4, "learning_rate": 0.01}
    learned = fit("lstm", data, parts, **known).state().config["validation"]["wape"]
    naive = fit("seasonal_naive", data, parts).state().config["validation"]["wape"]
    assert learned < 0.6 * naive


def test_a_few_returns_make_no_negative_forecasts() -> None:
    data = panel(days=200)
    target = data.target.copy()
    target[:, 50] = -5
    returned = type(data)(**{**data.__dict__, "target": target})
    assert fit("lstm", returned, span(200), epochs=1).state().config["scalers"]["target"]["floor"] == 0
