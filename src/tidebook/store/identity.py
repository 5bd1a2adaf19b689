"""What tells one home from another that shares an archive with it: a copy of a home is another home."""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from tidebook.core.errors import NotFound
from tidebook.core.files import dump_json, read_json, storage_errors, write_json
from tidebook.store.manifest import create_exclusively

FILE = "home.json"
_MARK = re.compile(r"[0-9a-f]{12}")


def known(home: Path) -> str | None:
    """The mark of a home; None where it has none yet, or is a copy of the home that has it, or has moved."""
    content = _content(home)
    return content["ever"][-1] if content["at"] == str(home.resolve()) else None


def ever(home: Path) -> frozenset[str]:
    """The marks that a home has and had before it was moved or copied."""
    return frozenset(_content(home)["ever"])


def made(home: Path) -> str:
    """The mark of a home, made where it has none."""
    if (mark := known(home)) is not None:
        return mark
    mark = secrets.token_hex(6)
    content = {"format_version": 1, "at": str(home.resolve()), "ever": [*_content(home)["ever"], mark]}
    file = home / FILE
    with storage_errors(file):
        home.mkdir(parents=True, exist_ok=True)
        if not create_exclusively(file, dump_json(content)) and known(home) is None:
            write_json(file, content)
    return known(home) or mark


def _content(home: Path) -> dict[str, Any]:
    """Where the home was when it got its mark, and all its marks, the last one its own."""
    with suppress(NotFound):
        value = read_json(home / FILE)
        marks = value.get("ever") if isinstance(value, dict) else None
        if isinstance(marks, list) and marks and all(isinstance(mark, str) and _MARK.fullmatch(mark) for mark in marks):
            return {"at": value.get("at"), "ever": marks}
    return {"at": None, "ever": []}
