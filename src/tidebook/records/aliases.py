"""aliases.json of a line: the names that people give its versions, as far as what it says makes sense."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tidebook.core.errors import InvalidInput

FILE = "aliases.json"
MAX_HISTORY = 10_000  #: changes that are kept, the newest
_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_TAKEN = re.compile(r"best|latest|v\d+")
_VERSION = re.compile(r"v[1-9]\d{0,8}")
_ENTRY = ("version", "by", "at", "reason")
_EVENT = ("alias", "version", "previous", "by", "at", "reason")


def check_name(name: str) -> str:
    """`name`, if an alias can be called that; else InvalidInput."""
    if not _is_name(name):
        raise InvalidInput(
            "An alias must be 1 to 64 of the characters a-z, 0-9, '-' and '_', and not best, latest or v and a number",
            got=repr(name[:80]),
            fix="Call it for example production or candidate.",
        )
    return name


def content(record: Mapping[str, Any] | None) -> dict[str, Any]:
    """`{aliases: {name: {version, by, at, reason}}, history: [{alias, version, previous, by, at, reason}], going}`.

    What is no such thing is left out. `going` are the versions that somebody is deleting.
    """
    value = record or {}
    entries, events, going = value.get("aliases"), value.get("history"), value.get("going")
    aliases = {
        name: {field: str(entry.get(field) or "") for field in _ENTRY}
        for name, entry in (entries if isinstance(entries, Mapping) else {}).items()
        if _is_name(name) and isinstance(entry, Mapping) and is_version(entry.get("version"))
    }
    history = [
        {field: event.get(field) for field in _EVENT}
        for event in (events if isinstance(events, list) else [])
        if isinstance(event, Mapping) and all(isinstance(event.get(each), str) for each in ("alias", "by", "at"))
    ]
    return {
        "aliases": aliases,
        "history": history,
        "going": [each for each in going if is_version(each)] if isinstance(going, list) else [],
    }


def record(value: Mapping[str, Any]) -> dict[str, Any]:
    """The record of such content."""
    going = {"going": value["going"]} if value["going"] else {}
    return {"format_version": 1, "aliases": value["aliases"], "history": value["history"][-MAX_HISTORY:], **going}


def by_version(value: Mapping[str, Any]) -> dict[str, list[str]]:
    """The aliases of each version that has one, in the order of their names."""
    found: dict[str, list[str]] = {}
    for name, entry in sorted(value["aliases"].items()):
        found.setdefault(entry["version"], []).append(name)
    return found


def is_version(value: object) -> bool:
    """Whether it is the name v{N} of a version."""
    return isinstance(value, str) and _VERSION.fullmatch(value) is not None


def _is_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and _TAKEN.fullmatch(name) is None
