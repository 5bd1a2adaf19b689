"""Values of any program in the form that JSON files hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from tidebook.core.errors import InvalidInput
from tidebook.runs.entries import spelled_out


def plain(value: Any, name: str) -> Any:
    """`value` with everything in it that JSON does not know as what it holds or as text; InvalidInput for the rest.

    `name` is that of the file that it goes into.
    """
    if isinstance(value, Mapping):
        return {_unicode(str(key)): plain(inner, name) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner, name) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(inner, name) for inner in value), key=str)
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value), name)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value) if value.bit_length() < 10_000 else hex(value)  # Python refuses the digits of larger ones.
    if isinstance(value, str | Path) or hasattr(value, "isoformat"):
        return _unicode(str(value))
    if value is None or isinstance(value, int | float):
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist(), name)
    raise no_json(name, f"{type(value).__name__} {value!r}"[:120])


def spelled(value: Any, name: str) -> Any:
    """`value` with every non-finite number in it as text, for a file that tells them from what is missing."""
    try:
        return spelled_out(value)
    except RecursionError as error:
        raise no_json(name, f"something else ({error})") from error


def _unicode(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def no_json(name: str, got: str) -> InvalidInput:
    """Says that something has no JSON form."""
    return InvalidInput(
        f"What goes into {name} must have a JSON form: text, numbers, lists, dictionaries",
        got=got,
        fix="Convert it to text or numbers first.",
    )
