"""What pydantic finds wrong with a request, in our words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from tidebook.core.errors import InvalidInput


def readable(error: ValidationError, known: Sequence[str] = ()) -> InvalidInput:
    """The first fault of `error` as rule, got and fix; `known` are the field names to offer for an unknown one."""
    return readable_fault(error.errors()[0], known)


def readable_fault(fault: Mapping[str, Any], known: Sequence[str] = ()) -> InvalidInput:
    """One entry of `ValidationError.errors()` as rule, got and fix."""
    name = ".".join(str(part) for part in fault["loc"] if part != "body") or "The request"
    got = repr(fault.get("input"))[:200]
    match fault["type"]:
        case "extra_forbidden":
            close = get_close_matches(name, known, n=1)
            offer = f"Did you mean {close[0]}? " if close else ""
            return InvalidInput(
                f"The request must not have a field {name}",
                got=got,
                fix=f"{offer}Hyper-parameters go inside `hyperparameters`.",
            )
        case "missing":
            return InvalidInput(f"{name} must be given", got="nothing", fix=f"Add {name} to the request.")
        case _:
            message = str(fault["msg"]).removeprefix("Value error, ")
            message = message.replace("Input should be", "it should be")
            return InvalidInput(f"{name} must be valid ({message})", got=got, fix="Correct the value.")
