"""Marks of deletions that were killed: such a version lives, but no alias can be given to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.scope import Address
from tidebook.health.finding import Finding, Home, is_old
from tidebook.records.aliases import FILE, content, record
from tidebook.store import LocalStore


def marks(home: Home) -> Iterator[Finding]:
    """Versions that are there and have been being deleted for an hour."""
    for line in home.store.lines():
        with suppress(InvalidInput, NotFound):  # files/ and the like, and what is told elsewhere
            Address.parse(line)
            path = Path(home.store.location(line), FILE)
            if isinstance(home.store, LocalStore) and not is_old(path):
                continue
            name = home.name(path) if isinstance(home.store, LocalStore) else f"{line}/{FILE}"
            left = [version for version in _going(home.store.record(line, FILE)) if _is_there(home, line, version)]
            if left:
                yield Finding("deletion_marked", name, ", ".join(left), partial(_unmark, home, line, left))


def _going(stands: Mapping[str, Any] | None) -> list[str]:
    return list(content(stands)["going"])


def _is_there(home: Home, line: str, version: str) -> bool:
    try:
        home.store.manifest(f"{line}/{version}")
    except NotFound:
        return False
    return True


def _unmark(home: Home, line: str, versions: list[str]) -> None:
    def unmarked(before: dict[str, Any] | None) -> dict[str, Any] | None:
        stands = content(before)
        stands["going"] = [version for version in stands["going"] if version not in versions]
        return record(stands) if any(stands.values()) else None

    home.store.amend(line, FILE, unmarked)
