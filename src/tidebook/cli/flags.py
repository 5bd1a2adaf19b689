"""Hyper-parameters as flags: `--hidden-size 64`, typed by the algorithm's schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tidebook.core.errors import InvalidInput, NotFound, nearest


def parse_flags(arguments: Sequence[str], algorithm: str, described: dict[str, Any]) -> dict[str, Any]:
    """The values in `--name value`, `--name=value` and, for switches, `--name` and `--no-name`."""
    schemas = {entry["name"]: entry["schema"]["properties"] for entry in described["algorithms"]}
    if algorithm not in schemas:
        raise NotFound("The algorithm must be one of those installed", got=algorithm, fix=nearest(algorithm, schemas))
    properties = schemas[algorithm]
    values: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        flag, separator, value = rest.pop(0).partition("=")
        name = flag.removeprefix("--").replace("-", "_")
        negated = name.removeprefix("no_")
        if not flag.startswith("--") or (name not in properties and negated not in properties):
            raise InvalidInput(
                f"Every further option must be a hyper-parameter of {algorithm}",
                got=flag,
                fix=f"{nearest(name, properties)} See `tidebook algorithms {algorithm}`.",
            )
        if name not in properties:
            values[negated] = False
        elif properties[name]["type"] == "boolean" and not separator:
            values[name] = True
        else:
            if not separator:
                if not rest:
                    raise InvalidInput(f"{flag} must have a value", got="nothing", fix=f"Write {flag} VALUE.")
                value = rest.pop(0)
            values[name] = _typed(flag, value, properties[name]["type"])
    return values


def _typed(flag: str, text: str, kind: str) -> Any:
    try:
        match kind:
            case "integer":
                return int(text)
            case "number":
                return float(text)
            case "boolean":
                return {"true": True, "false": False}[text.lower()]
            case _:
                return text
    except (ValueError, KeyError) as error:
        raise InvalidInput(f"{flag} must be a value of type {kind}", got=text, fix="Correct the value.") from error
