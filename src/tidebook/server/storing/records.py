"""The records beside trees and lines, as other machines may read and change them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidebook.abc import Store
from tidebook.catalog.access import Access
from tidebook.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tidebook.core.scope import Address
from tidebook.records import labels
from tidebook.records.labels import DEFAULT_PROJECT
from tidebook.registry import versions
from tidebook.registry.item import ADOPTED, ARCHIVED
from tidebook.server.storing.models import FILES, LABELS
from tidebook.server.storing.rights import Rights, absent, check_line, model_of
from tidebook.store import profile_settings

ALIASES = "aliases.json"
READ = frozenset({LABELS, ALIASES, ARCHIVED, ADOPTED, profile_settings.NAME})


def read(store: Store, access: Access, prefix: str, name: str) -> dict[str, Any] | None:
    """A record as the user sees it; None where there is none."""
    if not prefix:
        return dict(versions.read(store)) if name == versions.NAME and access.administrator else None
    if name not in READ:
        raise _unknown(name)
    if name == ALIASES:
        return _seen_aliases(store, access, check_line(prefix), store.record(prefix, name))
    if model_of(prefix) is not None and not Rights(store, access).sees(prefix):
        return None
    Rights(store, access).check_read(prefix)
    return store.record(prefix, name)


def write(
    store: Store,
    access: Access,
    prefix: str,
    name: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> dict[str, Any] | None:
    """Replaces a record by `after`, if it is still `before`; else Conflict. Labels and aliases only."""
    if name == ALIASES and prefix:
        return _write_aliases(store, access, check_line(prefix), before, after)
    if name == profile_settings.NAME and prefix.count("/") == 1 and model_of(prefix) is not None:
        Rights(store, access).check_change(prefix)
        given = {name: value for name, value in (after or {}).items() if name != "format_version"}
        wanted = {"format_version": 1, **profile_settings.check(given)}
        return store.amend(prefix, name, lambda now: wanted if now == before else _changed())
    if name != LABELS or not prefix:
        raise Forbidden(
            "Only labels, aliases and settings can be changed from elsewhere",
            got=name[:80],
            fix="The server keeps the others.",
        )
    return _write_labels(store, access, prefix, before, after)


def _write_labels(
    store: Store, access: Access, prefix: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    rights = Rights(store, access)
    name = model_of(prefix)
    if name is not None and prefix != f"{FILES}/{name}":
        raise absent(prefix)
    if name is not None and before is None:
        rights.check_model(name)  # One that does not exist yet becomes the user's.
        before = store.record(prefix, LABELS)
    whose = rights.check_change(prefix)
    wanted = _checked(after or {})
    project = wanted.get("project") or (whose.project if name is None else DEFAULT_PROJECT)
    if project != whose.project:
        try:
            access.check_write(project)
        except NotFound as error:
            raise InvalidInput(error.rule, got=error.got, fix=error.fix) from error
    if not access.administrator:
        wanted["owner"] = whose.owner
    return store.amend(prefix, LABELS, lambda now: wanted if now == before else _changed())


def _write_aliases(
    store: Store, access: Access, line: Address, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    old, new = _aliases(before), _aliases(after)
    rights = Rights(store, access)
    for version in {str(each["version"]) for name in old.keys() | new.keys() if old.get(name) != new.get(name)
                    for each in (old.get(name), new.get(name)) if each is not None}:  # fmt: skip
        rights.check_change(f"{line.folder}/{version}")
    told = (after or {}).get("history", [])
    known = (before or {}).get("history", [])
    if not isinstance(told, list) or told[: len(known)] != known:
        raise InvalidInput("The history of aliases must only grow", got="another one", fix="Read it again.")
    added = [{**entry, "by": access.user_id} for entry in told[len(known) :] if isinstance(entry, dict)]

    def changed(now: dict[str, Any] | None) -> dict[str, Any]:
        if _seen_aliases(store, access, line, now) != before:
            _changed()
        held = {**_aliases(now)}
        for name in old.keys() | new.keys():
            if name not in new:
                held.pop(name, None)
            elif old.get(name) != new[name]:
                held[name] = {**new[name], "by": access.user_id}
        return {"format_version": 1, "aliases": held, "history": [*(now or {}).get("history", []), *added]}

    return _seen_aliases(store, access, line, store.amend(line.folder, ALIASES, changed))


def _seen_aliases(
    store: Store, access: Access, line: Address, record: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The record without what it tells of versions that the user does not see."""
    if record is None or access.administrator:
        return None if record is None else dict(record)
    rights = Rights(store, access)

    def seen(entry: Mapping[str, Any]) -> bool:
        told = [entry.get("version"), entry.get("previous")]
        return all(rights.sees(f"{line.folder}/{version}") for version in told if version)

    aliases = {name: entry for name, entry in _aliases(record).items() if seen(entry)}
    history = [entry for entry in record.get("history", []) if isinstance(entry, dict) and seen(entry)]
    return {**record, "aliases": aliases, "history": history} if aliases or history else None


def _aliases(record: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    value: dict[str, dict[str, Any]] = (record or {}).get("aliases", {})
    valid = isinstance(value, dict) and all(
        isinstance(entry, dict) and isinstance(entry.get("version"), str) for entry in value.values()
    )
    if not valid:
        raise InvalidInput(
            "Aliases must name versions", got="something else", fix="Use ModelManager, which writes them."
        )
    return value


def _checked(after: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in after.items() if name != "format_version"}
    project = known.pop("project", None)
    checked = labels.check(known)
    return {
        "format_version": 1,
        **({"project": labels.check_project(project)} if project is not None else {}),
        **checked,
    }


def _changed() -> dict[str, Any]:
    raise Conflict(
        "A record must still be what it was when it is changed",
        got="one that somebody changed meanwhile",
        fix="Read it again.",
    )


def _unknown(name: str) -> NotFound:
    return absent(f"the record {name[:80]}")
