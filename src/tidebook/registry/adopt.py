"""Takes in versions that another program wrote: where they lie, as they are, by writing their manifest."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tidebook.abc import FileEntry, Store
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, NotFound, TidebookError
from tidebook.core.files import read_json
from tidebook.registry.item import ADOPTED, address_of
from tidebook.registry.weights import MODEL, fault
from tidebook.store import LocalStore
from tidebook.store.copying import digest, moment

METADATA = "metadata.json"
_BESIDE = frozenset({"labels.json", "archived.json"})
_DONE = frozenset({".claim", "manifest.json", "deleted.json"})
_VERSION = re.compile(r"v[1-9]\d{0,8}")


@dataclass(frozen=True)
class Adopted:
    """What came of a look at all folders."""

    addresses: list[str] = field(default_factory=list)  #: taken in
    failed: list[tuple[str, TidebookError]] = field(default_factory=list)  #: left as they were, and why


def adopt_all(store: Store) -> Adopted:
    """Takes in every folder of a version that has metadata, but neither claim nor manifest.

    Nothing is moved or changed. Of a store that is no folder nothing is taken in.
    """
    adopted = Adopted()
    for prefix in foreign(store):
        try:
            adopt(store, prefix)
        except TidebookError as error:
            adopted.failed.append((prefix, error))
        else:
            adopted.addresses.append(prefix)
    return adopted


def foreign(store: Store) -> Iterator[str]:
    """The prefixes of folders that another program made as versions, and that were not taken in."""
    if not isinstance(store, LocalStore):
        return
    for folder, names, files in os.walk(store.root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        if _VERSION.fullmatch(os.path.basename(folder)):  # noqa: PTH119 - as text: there may be 100,000
            prefix = os.path.relpath(folder, store.root).replace(os.sep, "/")
            if METADATA in files and not _DONE & set(files) and address_of(prefix):
                names.clear()
                yield prefix


def adopt(store: Store, prefix: str) -> None:
    """Makes a folder with metadata a version, by its manifest, which comes last.

    NotFound where the metadata are no JSON object; Conflict where somebody still writes to the folder.
    """
    folder = store.location(prefix)
    root = Path(folder)
    if not isinstance(read_json(root / METADATA), dict):
        raise NotFound(
            "The metadata of a version must be a JSON object",
            got=f"another value in {prefix}",
            fix="Mend or delete it.",
        )
    before = _listing(root)
    entries = [FileEntry(path, size, moment(mtime), digest(root / path)) for path, (size, mtime) in before.items()]
    problem = fault(root / MODEL) if MODEL in before else f"There is no {MODEL} to load."
    if _listing(root) != before:
        raise Conflict(
            "A folder must be at rest to be taken in",
            got=f"{prefix}, which somebody is writing to",
            fix="Wait for the copy to end, then run `tidebook reindex` again.",
        )
    store.amend(prefix, ADOPTED, lambda _: {"format_version": 1, "adopted_at": timestamp(), "problem": problem})
    store.commit(prefix, entries)


def _listing(root: Path) -> dict[str, tuple[int, int]]:
    """Size and modification time (ns) of the plain files in a folder, by path. Links are no files of it."""
    found: dict[str, tuple[int, int]] = {}
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in files:
            path = Path(folder, name)
            about = path.lstat()
            relative = path.relative_to(root).as_posix()
            if stat.S_ISREG(about.st_mode) and not name.startswith(".") and relative not in _BESIDE | _DONE:
                found[relative] = (about.st_size, about.st_mtime_ns)
    return dict(sorted(found.items()))
