"""Hyper-parameters: a dataclass from which flags, forms, checks and records are made."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_type_hints

from tidebook.core.errors import InvalidInput, nearest

_JSON_TYPES = {int: "integer", float: "number", bool: "boolean", str: "string"}
_SPOKEN = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "string": "a text"}
_Instance = TypeVar("_Instance")


def hyperparameter(
    default: Any,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[Any] | None = None,
    help: str,  # noqa: A002 - the word that everybody uses for it
    help_zh: str,
) -> Any:
    """A field of a Hyperparameters dataclass. Its annotation must be int, float, bool or str.

    `low` and `high` are inclusive; `help` is one line and `help_zh` the same in Chinese.
    """
    metadata = {"low": low, "high": high, "choices": choices, "help": help, "help_zh": help_zh}
    return dataclasses.field(default=default, metadata=metadata)


def schema(cls: type) -> dict[str, Any]:
    """The JSON schema of the dataclass `cls`, its properties in the order of its fields."""
    annotations = get_type_hints(cls)
    properties = {}
    for field in dataclasses.fields(cls):
        kind = _JSON_TYPES.get(annotations[field.name])
        if kind is None or "help" not in field.metadata:
            raise TypeError(
                f"{cls.__qualname__}.{field.name} must be an int, float, bool or str made by hyperparameter()"
            )
        stated = {
            "type": kind,
            "title": field.name.replace("_", " ").capitalize(),
            "default": field.default,
            "minimum": field.metadata["low"],
            "maximum": field.metadata["high"],
            "enum": list(field.metadata["choices"]) if field.metadata["choices"] else None,
            "description": field.metadata["help"],
            "x-description-zh": field.metadata["help_zh"],
        }
        properties[field.name] = {key: value for key, value in stated.items() if value is not None}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def check(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` as the types that `schema` states; InvalidInput for an unknown name, a wrong type or range."""
    properties = schema["properties"]
    for name in values:
        if name not in properties:
            raise InvalidInput(
                "Every hyper-parameter must be one that the algorithm has",
                got=str(name)[:80],
                fix=nearest(str(name), properties, count=3),
                field=str(name),
            )
    return {name: _checked(name, value, properties[name]) for name, value in values.items()}


def build(cls: type[_Instance], values: Mapping[str, Any]) -> _Instance:
    """The dataclass `cls` with `values` in place of its defaults; InvalidInput where one does not fit."""
    return cls(**check(schema(cls), values))


def _checked(name: str, value: Any, entry: Mapping[str, Any]) -> Any:
    kind = entry["type"]
    if "enum" in entry:
        if value not in entry["enum"] or isinstance(value, bool) != (kind == "boolean"):
            allowed = ", ".join(map(str, entry["enum"]))
            raise InvalidInput(
                f"{name} must be one of {allowed}", got=_shown(value), fix="Choose one of these.", field=name
            )
        return value
    typed = _typed(value, kind)
    if typed is None:
        raise InvalidInput(
            f"{name} must be {_SPOKEN[kind]}",
            got=_shown(value),
            fix=f"Use {entry['default']!r}, for example.",
            field=name,
        )
    low, high = entry.get("minimum"), entry.get("maximum")
    if (low is not None and typed < low) or (high is not None and typed > high):
        bounds = {
            (False, False): f"between {low} and {high}",
            (False, True): f"{low} or more",
            (True, False): f"{high} or less",
        }[low is None, high is None]
        raise InvalidInput(
            f"{name} must be {bounds}", got=_shown(value), fix=f"The default is {entry['default']!r}.", field=name
        )
    return typed


def _typed(value: Any, kind: str) -> Any:
    """`value` as `kind`, None where it is something else. JSON does not tell 64.0 from 64, so neither do we."""
    if kind == "string":
        return value if isinstance(value, str) else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    if kind == "number":
        return float(value)
    return int(value) if value == int(value) else None


def _shown(value: Any) -> str:
    return repr(value)[:80]
