"""Stores that decide themselves about aliases and deletions, as that of a server does."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Deciding(Protocol):
    """A store that is asked for a change instead of being changed, because it knows who may and what speaks against."""

    def set_alias(self, line: str, version: str, alias: str, reason: str) -> None:
        """Gives the version v{N} of a line the alias."""

    def remove_alias(self, line: str, alias: str, reason: str) -> None:
        """Takes the alias off the version that has it."""

    def delete(self, prefix: str, reason: str, *, force: bool = False) -> None:
        """Removes a version; Conflict, with `reasons` in its details, where it is in use and not forced."""
