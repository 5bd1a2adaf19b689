"""Two models are told apart by the digest of their weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tidebook.checkpoint.digest import digest

WEIGHTS: dict[str, Any] = {
    "layer.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "half": torch.ones(2, dtype=torch.bfloat16),
    "count": torch.tensor(7),
    "trees": ["a", {"b": 1.5, "c": None}],
    "raw": b"\x00",
}


def test_the_order_of_names_and_the_way_a_tensor_lies_in_memory_do_not_matter() -> None:
    turned = {**WEIGHTS, "layer.weight": WEIGHTS["layer.weight"].t().contiguous().t()}
    assert digest(dict(reversed(turned.items()))) == digest(WEIGHTS)


@pytest.mark.parametrize(
    "change",
    [
        {"layer.weight": torch.arange(6, dtype=torch.float32).reshape(3, 2)},
        {"layer.weight": torch.nextafter(WEIGHTS["layer.weight"], torch.tensor(9.0))},
        {"layer.weight": torch.arange(6, dtype=torch.float64).reshape(2, 3)},
        {"trees": ["a", {"b": 1.5, "c": 0}]},
        {"raw": b"\x01"},
        {"more": torch.zeros(1)},
    ],
)
def test_any_bit_that_differs_shows(change: dict[str, Any]) -> None:
    assert digest({**WEIGHTS, **change}) != digest(WEIGHTS)
