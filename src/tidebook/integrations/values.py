"""What frameworks hand over, as values that a run takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MAX_TEXT = 500  #: characters of a parameter


def numbers(values: Mapping[str, Any]) -> dict[str, float | int]:
    """The numbers among `values`, non-finite ones too; a tensor or array of one element is a number."""
    found = {}
    for name, value in values.items():
        plain = value.item() if hasattr(value, "item") and getattr(value, "size", 1) in (1, ()) else value
        if isinstance(plain, int | float):
            found[str(name)] = plain
    return found


def parameters(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` as parameters: text, numbers, lists and dictionaries of them; anything else as Python writes it."""
    return {str(name): _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return parameters(value)
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if hasattr(value, "item") and getattr(value, "size", 1) == 1:
        return value.item()
    return repr(value)[:MAX_TEXT]
