"""aliases.json of a line: the names that people give its versions, and who gave or took them when and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from tidebook.abc import Store
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, InvalidInput, NotFound, StorageFailure, nearest
from tidebook.core.scope import Address

FILE = "aliases.json"
MAX_HISTORY = 10_000  #: changes that are kept, the newest
MAX_REASON = 500  #: characters
_NAME = re.compile(r"[a-z0-9_-]{1,64}")
_TAKEN = re.compile(r"best|latest|v\d+")
_VERSION = re.compile(r"v[1-9]\d{0,8}")
_ENTRY = ("version", "by", "at", "reason")
_EVENT = ("alias", "version", "previous", "by", "at", "reason")


def check_name(name: str) -> str:
    """`name`, if an alias can be called that; else InvalidInput."""
    if not _NAME.fullmatch(name) or _TAKEN.fullmatch(name):
        raise InvalidInput(
            "An alias must be 1 to 64 of the characters a-z, 0-9, '-' and '_', and not best, latest or v and a number",
            got=repr(name[:80]),
            fix="Call it for example production or candidate.",
        )
    return name


def read(store: Store, line: str) -> dict[str, Any]:
    """`{aliases: {name: {version, by, at, reason}}, history: [{alias, version, previous, by, at, reason}]}` of a line.

    What is no such thing is left out.
    """
    try:
        content = _content(store.record(line, FILE))
    except NotFound:
        content = _content(None)
    return {"aliases": content["aliases"], "history": content["history"]}


def by_version(content: Mapping[str, Any]) -> dict[str, list[str]]:
    """The aliases of each version that has one, in the order of their names."""
    found: dict[str, list[str]] = {}
    for name, entry in sorted(content["aliases"].items()):
        found.setdefault(entry["version"], []).append(name)
    return found


def put(store: Store, address: Address, name: str, *, by: str, reason: str) -> None:
    """Gives a version the alias; another version loses it. Nothing changes where the version has it already."""
    check_name(name)
    _check_reason(reason)

    def changed(before: dict[str, Any] | None) -> dict[str, Any]:
        store.manifest(str(address))
        content = _content(before)
        previous = content["aliases"].get(name, {}).get("version")
        version = f"v{address.version}"
        if version in content["going"]:
            raise Conflict(
                "A version that is being deleted cannot be given an alias",
                got=str(address),
                fix="Delete it again, which finishes that, or choose another version.",
            )
        if previous != version:
            said = {"by": by, "at": timestamp(), "reason": reason}
            content["aliases"][name] = {"version": version, **said}
            content["history"].append({"alias": name, "version": version, "previous": previous, **said})
        return _record(content)

    store.amend(address.folder, FILE, changed)


def remove(store: Store, line: Address, name: str, *, by: str, reason: str) -> None:
    """Takes the alias off the version that has it; NotFound where none has."""
    _check_reason(reason)

    def changed(before: dict[str, Any] | None) -> dict[str, Any]:
        content = _content(before)
        if name not in content["aliases"]:
            raise absent(line, name, content)
        _drop(content, [name], by, reason)
        return _record(content)

    store.amend(line.folder, FILE, changed)


def free(store: Store, address: Address, then: Callable[[], None], *, by: str, reason: str, forced: bool) -> None:
    """Calls `then` at a moment when no alias names the version and none can be made to.

    Where one does, Conflict; with `forced` it is removed first, which its history tells.
    """
    version = f"v{address.version}"

    def marked(before: dict[str, Any] | None) -> dict[str, Any]:
        content = _content(before)
        names = by_version(content).get(version, [])
        if names and not forced:
            raise Conflict(
                "A version must have no alias to be deleted",
                got=f"{address}, which is {', '.join(names)}",
                fix="Give the alias to another version first.",
                reasons=[f"alias:{name}" for name in names],
            )
        _drop(content, names, by, reason)
        content["going"] = sorted({*content["going"], version})
        return _record(content)

    def unmarked(before: dict[str, Any] | None) -> dict[str, Any] | None:
        content = _content(before)
        content["going"] = [each for each in content["going"] if each != version]
        return _record(content) if any(content.values()) else None

    # Stores let others change the record meanwhile, so that it says what is being done.
    store.amend(address.folder, FILE, marked)
    try:
        then()
    finally:
        with suppress(StorageFailure):  # The mark of a version that is gone hurts nobody.
            store.amend(address.folder, FILE, unmarked)


def absent(line: Address, name: str, content: Mapping[str, Any]) -> NotFound:
    """The error for an alias that no version of the line has."""
    return NotFound(
        "The alias must name a version",
        got=f"{name[:80]}, which no version of {line.folder} has",
        fix=nearest(name, content["aliases"]),
    )


def _drop(content: dict[str, Any], names: list[str], by: str, reason: str) -> None:
    for name in names:
        previous = content["aliases"].pop(name)["version"]
        content["history"].append(
            {"alias": name, "version": None, "previous": previous, "by": by, "at": timestamp(), "reason": reason}
        )


def _content(record: Mapping[str, Any] | None) -> dict[str, Any]:
    value = record or {}
    entries, events = value.get("aliases"), value.get("history")
    aliases = {
        name: {field: str(entry.get(field) or "") for field in _ENTRY}
        for name, entry in (entries if isinstance(entries, Mapping) else {}).items()
        if _NAME.fullmatch(name) and isinstance(entry, Mapping) and _is_version(entry.get("version"))
    }
    history = [
        {field: event.get(field) for field in _EVENT}
        for event in (events if isinstance(events, list) else [])
        if isinstance(event, Mapping) and all(isinstance(event.get(each), str) for each in ("alias", "by", "at"))
    ]
    going = value.get("going")  # versions that somebody is deleting
    return {
        "aliases": aliases,
        "history": history,
        "going": [each for each in going if _is_version(each)] if isinstance(going, list) else [],
    }


def _is_version(value: object) -> bool:
    return isinstance(value, str) and _VERSION.fullmatch(value) is not None


def _record(content: Mapping[str, Any]) -> dict[str, Any]:
    going = {"going": content["going"]} if content["going"] else {}
    return {"format_version": 1, "aliases": content["aliases"], "history": content["history"][-MAX_HISTORY:], **going}


def _check_reason(reason: str) -> None:
    if len(reason) > MAX_REASON:
        raise InvalidInput(
            f"A reason must have at most {MAX_REASON} characters", got=f"{len(reason):,}", fix="Shorten it."
        )
