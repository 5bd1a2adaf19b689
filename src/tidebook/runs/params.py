"""What a run was made with: the values of config.json under flat names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

HEADS = frozenset(
    {
        "format_version", "run_name", "created_at", "stock_symbol", "model_type", "data_source", "description", "scope",
        "task_id", "dataset", "name", "project",
    }
)  #: what config.json says of the run itself  # fmt: skip
LIFTED = ("hyperparameters", "params")  #: dictionaries whose values are as good as those beside them
MOST = 1000  #: parameters of a run
MAX_TEXT = 500  #: characters of a value, and of a name

Scalar = str | int | float | bool


def flat(config: Mapping[str, Any]) -> dict[str, Scalar]:
    """The parameters in config.json: {"optimizer": {"lr": 0.1}} is `optimizer.lr`; a list is its JSON text.

    What is null is left out, and so is what has a name of more than 500 characters or comes after the first thousand.
    """
    lifted: dict[str, Any] = {}
    for name in LIFTED:
        if isinstance(inner := config.get(name), Mapping):
            lifted |= inner
    own = {name: value for name, value in config.items() if name not in HEADS and name not in LIFTED}
    found: dict[str, Scalar] = {}
    for name, value in _flattened({**own, **lifted}, ""):
        if len(found) >= MOST:
            break
        if len(name) <= MAX_TEXT:
            found[name] = value
    return found


def _flattened(values: Mapping[str, Any], prefix: str, depth: int = 0) -> Iterator[tuple[str, Scalar]]:
    for name, value in values.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping) and value and depth < 20:
            yield from _flattened(value, f"{path}.", depth + 1)
        elif isinstance(value, str):
            yield path, value[:MAX_TEXT]
        elif isinstance(value, bool | int | float):
            yield path, value
        elif value is not None:
            yield path, _written(value)


def _written(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str)[: 4 * MAX_TEXT].decode(errors="ignore")[:MAX_TEXT]
    except TypeError:  # Deeper than orjson writes.
        return "…"
