"""labels.json of a version: what people say of it, and may change at any time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidebook.abc import Store
from tidebook.core.errors import InvalidInput, NotFound, nearest
from tidebook.core.scope import Address
from tidebook.records import labels as records
from tidebook.records.labels import NOWHERE

FILE = "labels.json"
FIELDS = ("project", "owner", "tags", "notes", "pinned")


def read(store: Store, prefix: str) -> dict[str, Any]:
    """The labels that are stated, tags, notes and pin always; what breaks a rule is as if it were not there.

    A project that cannot be read is NOWHERE, so that nobody is shown what is not theirs.
    """
    try:
        record = store.record(prefix, FILE) or {}
    except NotFound:
        record = {"project": NOWHERE}
    found: dict[str, Any] = {"tags": {}, "notes": "", "pinned": False}
    for name in FIELDS:
        if name in record:
            try:
                found |= records.check({name: record[name]})
            except InvalidInput:
                found |= {"project": NOWHERE} if name == "project" else {}
    return found


def change(
    store: Store, address: Address, changes: Mapping[str, Any], tag: Mapping[str, str | None] | None = None
) -> None:
    """Replaces the fields given; `tag` adds to the tags or overwrites, and removes where the value is None.

    InvalidInput for an unknown field or a value that breaks a rule, NotFound where the version is deleted meanwhile.
    """
    for name in changes:
        if name not in FIELDS:
            raise InvalidInput(
                f"A label of a version must be one of {', '.join(FIELDS)}", got=name, fix=nearest(name, FIELDS)
            )
    checked = records.check(changes)
    prefix = str(address)

    def changed(before: dict[str, Any] | None) -> dict[str, Any]:
        store.manifest(prefix)
        after = {**(before or {}), **checked, "format_version": 1}
        if tag:
            kept = after.get("tags")
            tags = {**(kept if isinstance(kept, Mapping) else {}), **tag}
            after |= records.check({"tags": {key: text for key, text in tags.items() if text is not None}})
        return after

    store.amend(prefix, FILE, changed)
