"""The width of layers that heads share."""

from __future__ import annotations

from tidebook.core.errors import InvalidInput


def check_width(hidden_size: int, num_heads: int) -> None:
    """InvalidInput where `num_heads` heads cannot share `hidden_size` units evenly."""
    if hidden_size % num_heads:
        raise InvalidInput(
            "hidden_size must be a multiple of num_heads",
            got=f"{hidden_size} and {num_heads}",
            fix=f"Use {num_heads * max(1, round(hidden_size / num_heads))}, for example.",
            field="hidden_size",
        )
