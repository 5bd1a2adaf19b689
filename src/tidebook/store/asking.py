"""Asks a person."""

from __future__ import annotations

from collections.abc import Callable

from tidebook.core.errors import InvalidInput

Ask = Callable[[str], str]


def confirmed(ask: Ask, question: str) -> bool:
    """Whether the answer is yes; InvalidInput where there is nobody to ask."""
    try:
        return ask(question).strip().lower() in {"y", "yes", "j", "是"}
    except EOFError as error:
        raise InvalidInput(
            "A person must confirm what is deleted", got="nobody to ask", fix="Give confirm=False."
        ) from error
