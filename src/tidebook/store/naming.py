"""What models of files, their versions and the files of trees may be called."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tidebook.core.errors import InvalidInput
from tidebook.core.files import check_segment
from tidebook.store.claims import fold
from tidebook.store.manifest import MANIFEST

RESERVED = frozenset({MANIFEST, "deleted.json", ".claim", "labels.json", "aliases.json", "archived.json"})


def check_name(name: str, what: str) -> str:
    """`name`, if a model or version (`what`) can be called that; else InvalidInput."""
    check_segment(str(name), what)
    if name.startswith(".") or name in RESERVED or name != name.strip():
        raise InvalidInput(
            f"{what} must not begin with '.' or end in a space, nor be one that the store uses itself",
            got=repr(name[:80]),
            fix="Choose another name, such as demand-lstm.",
        )
    return name


def check_file(path: str, reserved: Collection[str] = RESERVED) -> str:
    """`path`, if a file of a tree can be called that; else InvalidInput."""
    for part in path.split("/"):
        check_segment(part, "A path segment")
    if path.startswith(".") or "/." in path or path.partition("/")[0] in reserved:
        raise InvalidInput(
            "The name of a file must not begin with '.', nor be one that the store uses itself",
            got=repr(path[:80]),
            fix="Rename it.",
        )
    return path


def refuse_twin(name: str, names: Iterable[str]) -> None:
    """InvalidInput where `names` has one that differs from `name` in upper and lower case alone."""
    for other in names:
        if other != name and fold(other) == fold(name):
            raise InvalidInput(
                "Names in the store must differ in more than upper and lower case",
                got=f"{name} beside {other}",
                fix=f"Use {other}, or rename one of the two.",
            )
