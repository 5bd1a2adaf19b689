"""versions.json: {identifier: newest N}, derived, for people and scripts."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tidebook.core.errors import NotFound
from tidebook.core.files import read_json, storage_errors, write_json

NAME = "versions.json"


def read(root: Path) -> dict[str, int]:
    """What versions.json says; {} where it is missing or broken."""
    try:
        value = read_json(root / NAME)
    except NotFound:
        return {}
    if not isinstance(value, dict):
        return {}
    return {str(name): n for name, n in value.items() if isinstance(n, int) and not isinstance(n, bool)}


def raise_to(root: Path, newest: dict[str, int]) -> None:
    """Brings versions.json up to `newest`. No number in it ever falls: a number given once is not given again."""
    with _locked(root):
        before = read(root)
        after = before | {name: max(n, before.get(name, 0)) for name, n in newest.items()}
        if after != before or not (root / NAME).exists():
            write_json(root / NAME, dict(sorted(after.items())))


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    with storage_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        handle = os.open(root / ".versions.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
