"""changes.json: which versions and lines were changed last, so that whoever follows reads only those again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeGuard

from tidebook.abc import Store
from tidebook.core.errors import TidebookError

NAME = "changes.json"
MOST = 2**53  #: that numbers of changes stay below
KEPT = 500  #: changes that are remembered


@dataclass(frozen=True)
class Changes:
    """What changed after a number."""

    number: int  #: of the newest change; 0 where nothing was ever noted
    addresses: frozenset[str]  #: of versions and lines
    complete: bool  #: False where older changes are forgotten by now


def note(store: Store, addresses: Iterable[str]) -> None:
    """Remembers that these were changed. What has been done stays done where this fails: a full look finds it."""
    changed = list(addresses)

    def noted(before: dict[str, Any] | None) -> dict[str, Any]:
        number, known = _content(before)
        number += 1
        known = {address: n for address, n in known.items() if address not in changed}
        known |= dict.fromkeys(changed, number)
        newest = sorted(known.items(), key=lambda entry: entry[1])[-KEPT:]
        return {"format_version": 1, "number": number, "changed": dict(newest)}

    with suppress(TidebookError):
        store.amend("", NAME, noted)


def since(store: Store, number: int) -> Changes:
    """What changed after the change of this number."""
    try:
        newest, known = _content(store.record("", NAME))
    except TidebookError:
        return Changes(0, frozenset(), complete=False)
    after = frozenset(address for address, n in known.items() if n > number)
    # Forgotten are the oldest ones: all that came after `number` is there where something as old as it still is.
    complete = newest == number or len(known) < KEPT or min(known.values()) <= number + 1
    return Changes(newest, after, complete and newest >= number)


def _content(record: Mapping[str, Any] | None) -> tuple[int, dict[str, int]]:
    value = record or {}
    number, changed = value.get("number"), value.get("changed")
    known = changed if isinstance(changed, Mapping) else {}
    numbers = {str(name): n for name, n in known.items() if _is_number(n)}
    return (number if _is_number(number) else max(numbers.values(), default=0)), numbers


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST
