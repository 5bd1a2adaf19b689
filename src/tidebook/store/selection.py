"""Which files are meant, and in what order they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from tidebook.abc import FileEntry
from tidebook.core.errors import InvalidInput, nearest

ORDERS = ("name", "mod", "size")


def selected(paths: Iterable[str], include: str | None = None, exclude: str | None = None) -> list[str]:
    """The paths that match `include` and not `exclude`: patterns such as `*.csv|a-*`, of the path or its last part."""
    return [
        path
        for path in paths
        if (include is None or _matches(path, include)) and (exclude is None or not _matches(path, exclude))
    ]


def ordered(entries: Iterable[FileEntry], sortby: str) -> list[FileEntry]:
    """By `name`, by the time of modification (`mod`) or by `size`."""
    match sortby:
        case "name":
            return sorted(entries, key=lambda entry: entry.path)
        case "mod":
            return sorted(entries, key=lambda entry: (entry.mtime, entry.path))
        case "size":
            return sorted(entries, key=lambda entry: (entry.size, entry.path))
    raise InvalidInput(
        f"sortby must be one of {', '.join(ORDERS)}", got=repr(sortby)[:80], fix=nearest(str(sortby), ORDERS)
    )


def _matches(path: str, patterns: str) -> bool:
    name = path.rpartition("/")[2]
    return any(fnmatchcase(path, pattern) or fnmatchcase(name, pattern) for pattern in patterns.split("|") if pattern)
