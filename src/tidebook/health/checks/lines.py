"""Aliases against the versions that they name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.scope import Address
from tidebook.health.finding import Finding, Home
from tidebook.registry import aliases, journal
from tidebook.store import LocalStore

BY, REASON = "fsck", "the version is gone"


def lines(home: Home) -> Iterator[Finding]:
    """Aliases of versions that were deleted or never were, and aliases.json that cannot be read."""
    for line in home.store.lines():
        try:
            address = Address.parse(line)
        except InvalidInput:
            continue  # files/ and the like
        name = home.name(Path(home.store.location(line))) if isinstance(home.store, LocalStore) else line
        try:
            home.store.record(line, aliases.FILE)
        except NotFound as error:
            yield Finding("record_broken", f"{name}/{aliases.FILE}", error.got)
            continue
        for alias, entry in sorted(aliases.read(home.store, line)["aliases"].items()):
            try:
                home.store.manifest(f"{line}/{entry['version']}")
            except NotFound as error:
                yield Finding(
                    "alias_dangling",
                    f"{name}/{aliases.FILE}",
                    f"{alias}: {error.got}",
                    partial(_drop, home, address, alias),
                )


def _drop(home: Home, line: Address, alias: str) -> None:
    aliases.remove(home.store, line, alias, by=BY, reason=REASON)
    journal.note(home.store, [line.folder])
