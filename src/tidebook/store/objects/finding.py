"""Finds trees and lines in the listing of a bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tidebook.store.claims import CLAIM, numbers_in
from tidebook.store.manifest import MANIFEST

TOMBSTONE = "deleted.json"


def trees(keys: Iterable[str], above: str, is_version: Callable[[str], bool]) -> list[str]:
    """The prefixes of complete trees among `keys`, in the order of their names; `above` is where the listing began.

    `is_version` tells whether the manifest.json of a prefix without a claim is that of a tree. Nothing below a claim or
    a deleted tree is one.
    """
    marks: dict[str, set[str]] = {MANIFEST: set(), TOMBSTONE: set(), CLAIM: set()}
    for key in keys:
        folder, _, name = key.rpartition("/")
        if name in marks and folder:
            marks[name].add(folder)
    found = []
    for folder in sorted(marks[MANIFEST]):
        over = _over(folder, above)
        hidden = any(part.startswith(".") for part in folder[len(above) :].split("/"))
        if (
            hidden
            or any(each in marks[TOMBSTONE] for each in (*over, folder))
            or any(each in marks[CLAIM] for each in over)
        ):
            continue
        if folder in marks[CLAIM] or is_version(folder):
            found.append(folder)
    return found


def lines(keys: Iterable[str]) -> list[str]:
    """The prefixes below which there is a number, in the order of their names; none below another."""
    found = set()
    for key in keys:
        parts = key.split("/")[:-1]
        for depth, part in enumerate(parts):
            if part.startswith("."):
                break
            if depth and numbers_in([part]):
                found.add("/".join(parts[:depth]))
                break
    return sorted(found)


def _over(folder: str, above: str) -> list[str]:
    """The folders over `folder`, from `above` on."""
    parts = folder.split("/")
    return [each for depth in range(1, len(parts)) if len(each := "/".join(parts[:depth])) >= len(above)]
