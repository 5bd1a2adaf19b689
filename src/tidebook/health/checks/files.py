"""Files of models that have no numbers, against the digests that were written down when they came."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from tidebook.abc import FileEntry
from tidebook.core.errors import NotFound, TidebookError
from tidebook.health.finding import Finding, Home
from tidebook.store import LocalStore
from tidebook.store.copying import digest_of
from tidebook.store.local import FILES
from tidebook.store.manifest import read_manifest


def files(home: Home) -> Iterator[Finding]:
    """Those that are missing or not what they were."""
    for model in home.store.below(FILES):
        for version in home.store.below(f"{FILES}/{model}"):
            prefix = f"{FILES}/{model}/{version}"
            for path, entry in _known(home, prefix).items():
                code, detail = _fault(home, prefix, entry)
                if code and _known(home, prefix).get(path) == entry:  # Else somebody has put another one there.
                    yield Finding(code, _name(home, f"{prefix}/{path}"), detail)


def _known(home: Home, prefix: str) -> dict[str, FileEntry]:
    """The files whose digests are known."""
    if not isinstance(home.store, LocalStore):
        return {path: entry for path, entry in home.store.tree(prefix).entries().items() if entry.digest}
    manifest: dict[str, Any] = read_manifest(home.store.root / prefix) or {"files": []}
    names = ("path", "size", "mtime", "digest")
    return {entry["path"]: FileEntry(*(entry[name] for name in names)) for entry in manifest["files"]}


def _fault(home: Home, prefix: str, entry: FileEntry) -> tuple[str, str]:
    """The code of a finding, or nothing, and what exactly is wrong."""
    tree = home.store.tree(prefix)
    try:
        if isinstance(home.store, LocalStore):
            size = os.stat(home.store.tree(prefix).place(entry.path)).st_size  # noqa: PTH116
            if size != entry.size:
                return "file_changed", f"{size:,} bytes of {entry.size:,}"
        if not home.quick and digest_of(tree.read(entry.path)) != entry.digest:
            return "file_changed", ""
    except (FileNotFoundError, NotADirectoryError, NotFound):
        return "file_missing", ""
    except (TidebookError, OSError) as error:
        return "file_changed", str(error)[:200]
    return "", ""


def _name(home: Home, path: str) -> str:
    return home.name(home.store.root / path) if isinstance(home.store, LocalStore) else path
