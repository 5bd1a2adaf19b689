"""The records beside trees and lines, as other machines may read and change them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidebook.abc import Store
from tidebook.catalog.access import Access
from tidebook.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tidebook.core.scope import Address
from tidebook.records import aliases, labels
from tidebook.registry import versions
from tidebook.registry.item import ADOPTED, ARCHIVED
from tidebook.server.storing.models import FILES, LABELS
from tidebook.server.storing.rights import Rights, absent, check_line, model_of
from tidebook.store import profile_settings

READ = frozenset({LABELS, aliases.FILE, ARCHIVED, ADOPTED, profile_settings.NAME})


def read(store: Store, access: Access, prefix: str, name: str) -> dict[str, Any] | None:
    """A record as the user sees it; None where there is none."""
    if not prefix:
        return dict(versions.read(store)) if name == versions.NAME and access.administrator else None
    if name not in READ:
        raise _unknown(name)
    if name == aliases.FILE:
        return _seen_aliases(store, access, check_line(prefix))
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
    """Replaces a record by `after`, if it is still `before`; else Conflict. Labels and settings only."""
    if name == profile_settings.NAME and prefix.count("/") == 1 and model_of(prefix) is not None:
        Rights(store, access).check_change(prefix)
        given = {name: value for name, value in (after or {}).items() if name != "format_version"}
        wanted = {"format_version": 1, **profile_settings.check(given)}
        return store.amend(prefix, name, lambda now: wanted if now == before else _changed())
    if name != LABELS or not prefix:
        raise Forbidden(
            "Only labels and settings can be changed from elsewhere",
            got=name[:80],
            fix="Aliases are set with PUT /api/model-lines/…/aliases; the server keeps the others.",
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
    if wanted.setdefault("project", whose.project) != whose.project:
        try:
            access.check_write(wanted["project"])
        except NotFound as error:
            raise InvalidInput(error.rule, got=error.got, fix=error.fix) from error
    if not access.administrator or "owner" not in wanted:
        wanted["owner"] = whose.owner
    return store.amend(prefix, LABELS, lambda now: wanted if now == before else _changed())


def _seen_aliases(store: Store, access: Access, line: Address) -> dict[str, Any] | None:
    """The record without what it tells of versions that the user does not see."""
    record = store.record(line.folder, aliases.FILE)
    if record is None:
        return None
    content, rights = aliases.content(record), Rights(store, access)

    def seen(entry: Mapping[str, Any]) -> bool:
        told = [entry.get("version"), entry.get("previous")]
        return access.administrator or all(
            rights.sees(f"{line.folder}/{version}") for version in told if aliases.is_version(version)
        )

    content["aliases"] = {name: entry for name, entry in content["aliases"].items() if seen(entry)}
    content["history"] = [event for event in content["history"] if seen(event)]
    content["going"] = []
    return aliases.record(content) if content["aliases"] or content["history"] else None


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
