"""versions.json: {identifier: newest N}, derived, for people and scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidebook.abc import Store
from tidebook.core.errors import NotFound
from tidebook.store.claims import MOST

NAME = "versions.json"


def read(store: Store) -> dict[str, int]:
    """What versions.json says; {} where it is missing or broken."""
    try:
        return _numbers(store.record("", NAME))
    except NotFound:
        return {}


def raise_to(store: Store, newest: Mapping[str, int]) -> dict[str, int]:
    """Brings versions.json up to `newest` and returns it. No number in it ever falls: one given is not given again."""

    def raised(before: dict[str, Any] | None) -> dict[str, Any]:
        known = _numbers(before)
        return dict(sorted((known | {name: max(n, known.get(name, 0)) for name, n in newest.items()}).items()))

    return _numbers(store.amend("", NAME, raised))


def _numbers(value: Mapping[str, Any] | None) -> dict[str, int]:
    return {
        str(name): n
        for name, n in (value or {}).items()
        if isinstance(n, int) and not isinstance(n, bool) and 0 <= n <= MOST
    }
