"""What models of files and their versions may be called."""

from __future__ import annotations

from collections.abc import Iterable

from tidebook.core.errors import InvalidInput
from tidebook.core.files import check_segment
from tidebook.store.claims import fold
from tidebook.store.trees.local import RESERVED


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


def refuse_twin(name: str, names: Iterable[str]) -> None:
    """InvalidInput where `names` has one that differs from `name` in upper and lower case alone."""
    for other in names:
        if other != name and fold(other) == fold(name):
            raise InvalidInput(
                "Names in the store must differ in more than upper and lower case",
                got=f"{name} beside {other}",
                fix=f"Use {other}, or rename one of the two.",
            )
