"""Which files of this machine are meant by paths, and what they will be called in the store."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tidebook.core.errors import InvalidInput
from tidebook.store.trees.local import Folder


def check_distinct(paths: Iterable[Path]) -> None:
    """InvalidInput where two of the files and folders have a file that would get the same name in the store."""
    known: dict[str, Path] = {}
    for path in paths:
        place = path.absolute()
        for name in Folder(place).entries() if place.is_dir() else (place.name,):
            first = known.setdefault(name, path)
            if first != path:
                raise InvalidInput(
                    "What is stored together must have different names",
                    got=f"{name} from {first} and from {path}",
                    fix="Store one of them below another folder: subdir, or --subdir on the command line.",
                )
