"""From what callers say of a model to its line, and from there to one version."""

from __future__ import annotations

from tidebook.core.errors import InvalidInput
from tidebook.core.scope import AGGREGATIONS, MODES, Address


class BadName(InvalidInput, ValueError):
    """Mode, scope, aggregation or the name of a file do not make the name of something in the registry."""

    slug = "invalid-name"


def check_mode(mode: str) -> None:
    """BadName for a mode that there is not."""
    if mode not in MODES:
        raise BadName(f"training_mode must be one of {', '.join(MODES)}", got=mode, fix="Choose one of these.")


def line_of(model_type: str, training_mode: str, scope: str, aggregation_method: str | None) -> Address:
    """The line of a model; BadName for a mode, scope or aggregation that cannot be."""
    check_mode(training_mode)
    if not scope or not model_type:
        raise BadName(
            f"{training_mode.capitalize()} mode needs a scope and a model_type",
            got=f"scope {scope!r}, model_type {model_type!r}",
            fix="Give a scope such as P001_all.",
        )
    if training_mode == "global" and aggregation_method not in AGGREGATIONS:
        raise BadName(
            f"In global mode aggregation_method must be one of {', '.join(AGGREGATIONS)}",
            got=aggregation_method,
            fix="Choose one of these.",
        )
    middle = [str(aggregation_method)] if training_mode == "global" else []
    return Address.parse("/".join([training_mode, scope, *middle, model_type]))


def line_at(value: Address | str) -> Address:
    """The line of an address, whatever version it names."""
    address = Address.parse(value) if isinstance(value, str) else value
    return address if address.version is None else Address.parse(address.folder)
