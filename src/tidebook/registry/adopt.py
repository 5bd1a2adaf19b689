"""Takes in versions that another program wrote: where they lie, as they are, by writing their manifest."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tidebook.abc import FileEntry, Store
from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, DataFault, NotFound, TidebookError
from tidebook.core.files import read_json
from tidebook.core.scope import Address
from tidebook.registry.item import ADOPTED, address_of, copy_of
from tidebook.registry.weights import MODEL, fault
from tidebook.store import LocalStore
from tidebook.store.copying import digest, moment

METADATA = "metadata.json"
MAKING = ".making"  #: in a folder that a script saves to file by file, until it says that the version is finished
REST = 5.0  #: seconds in which nobody may have written to a folder that is taken in
PATIENCE = 3600.0  #: the same, where it has no model
_BESIDE = frozenset({"labels.json", "archived.json"})
_DONE = frozenset({".claim", "manifest.json", "deleted.json"})
_VERSION = re.compile(r"v[1-9]\d{0,8}")


@dataclass(frozen=True)
class Adopted:
    """What came of a look at all folders."""

    addresses: list[str] = field(default_factory=list)  #: taken in
    failed: list[tuple[str, TidebookError]] = field(default_factory=list)  #: left as they were, and why


def adopt_all(store: Store) -> Adopted:
    """Takes in every folder of a version that has metadata, but neither claim nor manifest, and is at rest.

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
            if METADATA in files and not {*_DONE, MAKING} & set(files) and address_of(prefix):
                names.clear()
                yield prefix


def adopt(store: Store, prefix: str, *, finished: bool = False) -> None:
    """Makes a folder with metadata a version, by its manifest, which comes last.

    It waits until the folder is at rest, unless whoever made it says that it is `finished`. NotFound where the
    metadata are no JSON object, DataFault where they are those of another version, Conflict where somebody still
    writes to the folder or its model is yet to come.
    """
    folder = store.location(prefix)
    root = Path(folder)
    if not finished:
        _rest(root, prefix)
    metadata = read_json(root / METADATA)
    if isinstance(metadata, dict) and (copied := copy_of(Address.parse(prefix), metadata)):
        raise DataFault(
            "A version must have the metadata of its own address to be taken in",
            got=f"{prefix}: {copied}",
            fix="Delete the folder; `tidebook models export` and `import` carry a version.",
        )
    if not isinstance(metadata, dict):
        raise NotFound(
            "The metadata of a version must be a JSON object",
            got=f"another value in {prefix}",
            fix="Mend or delete it.",
        )
    before = _listing(root)
    entries = [FileEntry(path, size, moment(mtime), digest(root / path)) for path, (size, mtime) in before.items()]
    problem = fault(root / MODEL) if MODEL in before else f"There is no {MODEL} to load."
    if _listing(root) != before:
        raise _busy(f"{prefix}, which somebody is writing to")
    store.amend(prefix, ADOPTED, lambda _: {"format_version": 1, "adopted_at": timestamp(), "problem": problem})
    store.commit(prefix, entries)
    (root / MAKING).unlink(missing_ok=True)


def _rest(root: Path, prefix: str) -> None:
    """Waits a little until nothing in a folder was written lately; Conflict where it was nevertheless.

    Where there is no model yet, whoever writes the folder may take long until the next file.
    """
    rest = REST if os.path.lexists(root / MODEL) else PATIENCE
    age = time.time() - _newest(root)
    if age < rest:
        if rest - age <= REST:
            time.sleep(rest - age)
        if time.time() - _newest(root) < rest:
            lacking = "" if rest == REST else f" and has no {MODEL} yet"
            raise _busy(f"{prefix}, which was written a moment ago{lacking}")


def _newest(root: Path) -> float:
    """When something in a folder was last changed, in seconds; also where a copy keeps the times of its source."""
    newest = 0.0
    for folder, _, files in os.walk(root):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            with suppress(FileNotFoundError):
                about = path.lstat()
                newest = max(newest, min(about.st_mtime, time.time()), about.st_ctime)
    return newest


def _busy(got: str) -> Conflict:
    return Conflict(
        "A folder must be at rest to be taken in",
        got=got,
        fix="Wait for the copy to end, then run `tidebook reindex` again.",
    )


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
