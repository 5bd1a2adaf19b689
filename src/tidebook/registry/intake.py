"""Takes in a version that comes as files from elsewhere: claim, fill, manifest."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tidebook.abc import Store
from tidebook.core.errors import NotFound
from tidebook.core.scope import Address
from tidebook.records.labels import DEFAULT_PROJECT
from tidebook.registry import versions
from tidebook.registry.item import ADOPTED, FOREIGN, address_of
from tidebook.registry.labels import FILE as LABELS
from tidebook.registry.publish import finished


def take_in(
    store: Store,
    wanted: Address,
    files: Mapping[str, Path],
    origin: str,
    *,
    labels: Mapping[str, Any] | None = None,
    problem: str | None = None,
) -> tuple[Address, bool]:
    """Makes `files` the version `wanted`, or where that number was ever given the next; its address, and if it is new.

    What came from the same `origin` (a digest) to the same line is not taken in twice. It belongs to nobody and lies
    in the default project: users and projects are those of an installation.
    """
    line = Address.parse(wanted.folder)
    owner = f"{FOREIGN}{origin}"
    done = finished(store, line, owner)
    if done is not None:
        return done, False
    above = max(versions.read(store).get(line.identifier, 0), (wanted.version or 1) - 1)
    address = Address.parse(f"{line.folder}/v{store.claim(line.folder, owner, above=above)}")
    prefix = str(address)
    entries = store.fill(prefix, files)
    said = {"format_version": 1, **(labels or {}), "project": DEFAULT_PROJECT, "owner": None}
    store.amend(prefix, LABELS, lambda _: said)
    if problem is not None:
        store.amend(prefix, ADOPTED, lambda _: {"format_version": 1, "problem": problem})
    store.commit(prefix, entries)
    return address, True


def present(store: Store, line: Address, digests: Mapping[str, str]) -> Address | None:
    """The newest version of a line that holds exactly these files (digests by path); None where there is none."""
    for tree in sorted(store.trees(line.folder), key=_number, reverse=True):
        address = address_of(tree)
        if address is None or address.folder != line.folder:
            continue
        with suppress(NotFound):
            if {entry["path"]: entry["digest"] for entry in store.manifest(tree)["files"]} == digests:
                return address
    return None


def _number(tree: str) -> int:
    address = address_of(tree)
    return (address.version or 0) if address else 0
