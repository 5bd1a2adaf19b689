"""The plug-in words that users know: a network called NewNet comes in through them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.algorithms.panels import Recorder, panel, span
from tidebook import checkpoint
from tidebook.algorithms import registry
from tidebook.algorithms.adapters import load_model_and_predict
from tidebook.algorithms.hyperparameters import build
from tidebook.core.errors import InvalidInput, NotFound

NEWNET = """
from torch import nn
from tidebook.algorithms.adapters import default_pytorch_predictor, register_predictor, register_trainer
from tidebook.neural.algorithm import train_module


class NewNet(nn.Module):
    '''Sees the last week of the window and nothing else.'''

    def __init__(self, input_size, output_length):
        super().__init__()
        self.output = nn.Linear(7 * input_size, output_length)

    def forward(self, past, known, static):
        return self.output(past[:, -7:].flatten(1))[:, None, :, None]


def train_newnet(panel, span, hyperparameters, context):
    return train_module(NewNet, panel, span, hyperparameters, context)


register_trainer("newnet", train_newnet, model=NewNet, title="NewNet", description="A test.", tag_type="warning")
register_predictor("newnet", default_pytorch_predictor)
"""

OWN = """
import numpy as np, torch
from tidebook.algorithms.adapters import register_predictor, register_trainer


def train(panel, span, hyperparameters, context):
    return {"model_state_dict": {"level": torch.tensor(4.5)}, "config": {}}


def predict(checkpoint, panel, series, origin, horizon):
    return np.full((len(series), horizon), float(checkpoint["model_state_dict"]["level"]))


register_trainer("own", train)
register_predictor("own", predict)
"""


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    return tmp_path


def test_newnet_trains_and_predicts(plugins: Path) -> None:
    (plugins / "newnet.py").write_text(NEWNET, encoding="utf-8")
    algorithm = registry.find("newnet", plugins)
    assert algorithm.traits.title == "NewNet"
    hyperparameters: Any = build(algorithm.Hyperparameters, {"seq_length": 14, "output_length": 7, "epochs": 2})
    context = Recorder()
    fitted = algorithm.fit(panel(), span(), hyperparameters, context)
    assert [epoch for epoch, _ in context.reports] == [1, 2]
    checkpoint.save_state(plugins / "model.pth", "newnet", fitted.state())
    data = panel(future=10)
    values = load_model_and_predict(plugins / "model.pth", data, 10, plugins=plugins)
    series = np.arange(3)
    np.testing.assert_array_equal(values, fitted.forecast(data, series, np.full(3, data.end), 10).point)
    assert np.isfinite(values).all()


def test_a_trainer_and_predictor_of_ones_own_are_an_algorithm(plugins: Path) -> None:
    (plugins / "own.py").write_text(OWN, encoding="utf-8")
    algorithm = registry.find("own", plugins)
    fitted = algorithm.fit(panel(), span(), algorithm.Hyperparameters(), Recorder())
    assert fitted.forecast(panel(), np.array([0]), np.array([100]), 3).point.tolist() == [[4.5, 4.5, 4.5]]
    assert fitted.state().config["validation"]["end"] == "2023-04-16"


def test_what_a_trainer_forgets_is_named(plugins: Path) -> None:
    (plugins / "own.py").write_text(OWN.replace(', "config": {}', ""), encoding="utf-8")
    algorithm = registry.find("own", plugins)
    with pytest.raises(
        InvalidInput, match="must return a mapping with config and model_state_dict, but got one without config"
    ):
        algorithm.fit(panel(), span(), algorithm.Hyperparameters(), Recorder())


def test_a_missing_predictor_is_named(plugins: Path) -> None:
    (plugins / "own.py").write_text(OWN.replace('register_predictor("own", predict)', ""), encoding="utf-8")
    algorithm = registry.find("own", plugins)
    with pytest.raises(NotFound, match="The algorithm own must have a predictor, but got none registered"):
        algorithm.fit(panel(), span(), algorithm.Hyperparameters(), Recorder())


def test_a_predictor_without_a_trainer_is_refused(plugins: Path) -> None:
    (plugins / "own.py").write_text(OWN.replace('register_trainer("own", train)', ""), encoding="utf-8")
    with pytest.raises(NotFound, match="A predictor must belong to a registered trainer, but got own"):
        registry.find("own", plugins)


def test_a_predictor_of_the_wrong_shape_is_refused(plugins: Path) -> None:
    (plugins / "own.py").write_text(OWN.replace("len(series), horizon", "horizon, 2"), encoding="utf-8")
    algorithm = registry.find("own", plugins)
    with pytest.raises(InvalidInput, match=r"The predictor of own must return \[3, 14\] values, but got \(14, 2, 1\)"):
        algorithm.fit(panel(), span(), algorithm.Hyperparameters(), Recorder())
