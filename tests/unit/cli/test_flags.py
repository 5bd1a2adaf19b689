from __future__ import annotations

from typing import Any

import pytest

from tidebook.cli.flags import parse_flags
from tidebook.core.errors import InvalidInput, NotFound

DESCRIBED: dict[str, Any] = {
    "algorithms": [
        {
            "name": "net",
            "schema": {
                "properties": {
                    "hidden_size": {"type": "integer"},
                    "dropout": {"type": "number"},
                    "bias": {"type": "boolean"},
                    "loss": {"type": "string"},
                }
            },
        }
    ]
}


def test_flags_are_typed_by_the_schema() -> None:
    flags = ["--hidden-size", "64", "--dropout=0.5", "--bias", "--loss", "mae"]
    assert parse_flags(flags, "net", DESCRIBED) == {"hidden_size": 64, "dropout": 0.5, "bias": True, "loss": "mae"}
    assert parse_flags(["--no-bias"], "net", DESCRIBED) == {"bias": False}
    assert parse_flags(["--dropout", "-1"], "net", DESCRIBED) == {"dropout": -1.0}


def test_an_unknown_flag_is_refused_and_the_nearest_offered() -> None:
    with pytest.raises(
        InvalidInput, match=r"must be a hyper-parameter of net, but got --hiden-size\. Did you mean hidden_size"
    ):
        parse_flags(["--hiden-size", "64"], "net", DESCRIBED)
    with pytest.raises(InvalidInput, match="but got stray"):
        parse_flags(["stray"], "net", DESCRIBED)


def test_a_flag_needs_a_value_of_its_type() -> None:
    with pytest.raises(InvalidInput, match=r"--hidden-size must be a value of type integer, but got 6\.5"):
        parse_flags(["--hidden-size", "6.5"], "net", DESCRIBED)
    with pytest.raises(InvalidInput, match="--dropout must have a value, but got nothing"):
        parse_flags(["--dropout"], "net", DESCRIBED)


def test_an_unknown_algorithm_is_refused() -> None:
    with pytest.raises(NotFound, match="Did you mean net"):
        parse_flags([], "nett", DESCRIBED)
