"""aliases.json of a line: the names that people give its versions, and who gave or took them when and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from tidebook.abc import Store
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, InvalidInput, NotFound, StorageFailure, nearest
from tidebook.core.scope import Address
from tidebook.records.aliases import FILE, by_version, check_name
from tidebook.records.aliases import content as content_of
from tidebook.records.aliases import record as record_of
from tidebook.registry.deciding import Deciding

__all__ = ["FILE", "absent", "by_version", "check_name", "free", "put", "read", "remove"]

MAX_REASON = 500  #: characters

Check = Callable[[Address], None]


def read(store: Store, line: str) -> dict[str, Any]:
    """`{aliases: {name: {version, by, at, reason}}, history: [{alias, version, previous, by, at, reason}]}` of a line.

    What is no such thing is left out.
    """
    try:
        content = content_of(store.record(line, FILE))
    except NotFound:
        content = content_of(None)
    return {"aliases": content["aliases"], "history": content["history"]}


def put(
    store: Store, address: Address, name: str, *, by: str, reason: str, check: Check = lambda address: None
) -> None:
    """Gives a version the alias; another version loses it. Nothing changes where the version has it already.

    `check` is called with that of the version that is about to lose it, and may raise.
    """
    check_name(name)
    _check_reason(reason)
    if isinstance(store, Deciding):
        store.set_alias(address.folder, f"v{address.version}", name, reason)
        return

    def changed(before: dict[str, Any] | None) -> dict[str, Any]:
        store.manifest(str(address))
        content = content_of(before)
        previous = content["aliases"].get(name, {}).get("version")
        version = f"v{address.version}"
        if version in content["going"]:
            raise Conflict(
                "A version that is being deleted cannot be given an alias",
                got=str(address),
                fix="Delete it again, which finishes that, or choose another version.",
            )
        if previous is not None:
            check(Address.parse(f"{address.folder}/{previous}"))
        if previous != version:
            said = {"by": by, "at": timestamp(), "reason": reason}
            content["aliases"][name] = {"version": version, **said}
            content["history"].append({"alias": name, "version": version, "previous": previous, **said})
        return record_of(content)

    store.amend(address.folder, FILE, changed)


def remove(
    store: Store, line: Address, name: str, *, by: str, reason: str, check: Check = lambda address: None
) -> None:
    """Takes the alias off the version that has it; NotFound where none has. `check` as for `put`."""
    _check_reason(reason)
    if isinstance(store, Deciding):
        store.remove_alias(line.folder, name, reason)
        return

    def changed(before: dict[str, Any] | None) -> dict[str, Any]:
        content = content_of(before)
        if name not in content["aliases"]:
            raise absent(line, name, content)
        check(Address.parse(f"{line.folder}/{content['aliases'][name]['version']}"))
        _drop(content, [name], by, reason)
        return record_of(content)

    store.amend(line.folder, FILE, changed)


def free(store: Store, address: Address, then: Callable[[], None], *, by: str, reason: str, forced: bool) -> None:
    """Calls `then` at a moment when no alias names the version and none can be made to.

    Where one does, Conflict; with `forced` it is removed first, which its history tells.
    """
    version = f"v{address.version}"

    def marked(before: dict[str, Any] | None) -> dict[str, Any]:
        content = content_of(before)
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
        return record_of(content)

    def unmarked(before: dict[str, Any] | None) -> dict[str, Any] | None:
        content = content_of(before)
        content["going"] = [each for each in content["going"] if each != version]
        return record_of(content) if any(content.values()) else None

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


def _check_reason(reason: str) -> None:
    if len(reason) > MAX_REASON:
        raise InvalidInput(
            f"A reason must have at most {MAX_REASON} characters", got=f"{len(reason):,}", fix="Shorten it."
        )
