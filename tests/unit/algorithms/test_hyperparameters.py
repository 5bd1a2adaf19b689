from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tidebook.algorithms import registry
from tidebook.algorithms.hyperparameters import build, check, hyperparameter, schema
from tidebook.core.errors import InvalidInput


@dataclass(frozen=True)
class Example:
    units: int = hyperparameter(64, low=1, high=512, help="Units.", help_zh="单元数。")
    rate: float = hyperparameter(0.1, low=0.0, help="Rate.", help_zh="比率。")
    kind: str = hyperparameter("mae", choices=("mae", "mse"), help="Kind.", help_zh="种类。")
    gate: bool = hyperparameter(False, help="Gate.", help_zh="门。")


def test_a_dataclass_becomes_a_json_schema_in_order() -> None:
    made = schema(Example)
    assert list(made["properties"]) == ["units", "rate", "kind", "gate"]
    assert made["additionalProperties"] is False
    assert made["properties"]["units"] == {
        "type": "integer",
        "title": "Units",
        "default": 64,
        "minimum": 1,
        "maximum": 512,
        "description": "Units.",
        "x-description-zh": "单元数。",
    }
    assert made["properties"]["kind"]["enum"] == ["mae", "mse"]
    assert "maximum" not in made["properties"]["rate"]


def test_values_replace_defaults_and_take_their_type() -> None:
    built = build(Example, {"units": 32.0, "rate": 1})
    assert built == Example(units=32, rate=1.0)
    assert isinstance(built.units, int)
    assert isinstance(built.rate, float)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            {"unit": 3},
            "Every hyper-parameter must be one that the algorithm has, but got unit. Did you mean units?",
        ),
        ({"units": 0}, "units must be between 1 and 512, but got 0. The default is 64."),
        ({"rate": -1}, "rate must be 0.0 or more, but got -1. The default is 0.1."),
        ({"units": 2.5}, "units must be a whole number, but got 2.5. Use 64, for example."),
        ({"units": True}, "units must be a whole number, but got True. Use 64, for example."),
        ({"units": "64"}, "units must be a whole number, but got '64'. Use 64, for example."),
        ({"rate": float("nan")}, "rate must be a number, but got nan. Use 0.1, for example."),
        ({"gate": 1}, "gate must be true or false, but got 1. Use False, for example."),
        ({"kind": "rmse"}, "kind must be one of mae, mse, but got 'rmse'. Choose one of these."),
    ],
)
def test_what_does_not_fit_is_refused(values: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(schema(Example), values)
    assert str(caught.value) == text


def test_a_field_of_another_kind_is_a_mistake_of_the_author() -> None:
    @dataclass(frozen=True)
    class Wrong:
        units: int = 3

    with pytest.raises(TypeError, match=r"Wrong\.units must be an int, float, bool or str made by hyperparameter"):
        schema(Wrong)


def test_lstm_has_the_names_and_defaults_that_users_know() -> None:
    properties = schema(registry.find("lstm").Hyperparameters)["properties"]
    known = {
        "seq_length": 60,
        "hidden_size": 128,
        "num_layers": 2,
        "dropout": 0.2,
        "epochs": 50,
        "batch_size": 32,
        "learning_rate": 0.001,
        "patience": 10,
        "output_length": 28,
    }
    assert {name: properties[name]["default"] for name in known} == known
    assert all(entry["x-description-zh"] for entry in properties.values())
