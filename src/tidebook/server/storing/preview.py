"""What a file holds, as far as it can be shown: decided by its content, not by its name alone."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import orjson

MAX_TEXT = 256 * 1024  #: bytes that are shown
MAX_ROWS = 100
PARQUET = b"PAR1"
_IMAGES = {
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".gif": b"GIF8",
}  #: endings and how the content begins


def preview(path: Path, name: str) -> dict[str, Any]:
    """The preview of the file; a `table` is without its rows yet."""
    size = path.stat().st_size
    with path.open("rb") as file:
        begin = file.read(MAX_TEXT + 1)
    found: dict[str, Any] = {
        "path": name,
        "size": size,
        "kind": "binary",
        "text": None,
        "columns": None,
        "rows": None,
        "truncated": False,
    }
    ending = path.suffix.lower()
    if ending in _IMAGES and begin.startswith(_IMAGES[ending]):
        return {**found, "kind": "image"}
    if ending == ".parquet" and begin.startswith(PARQUET):
        return {**found, "kind": "table"}
    text = _text(begin[:MAX_TEXT])
    if text is None:
        return found
    truncated = len(begin) > MAX_TEXT
    kind = "json" if ending == ".json" and not truncated and _is_json(begin) else "text"
    return {**found, "kind": kind, "text": text, "truncated": truncated}


def _text(begin: bytes) -> str | None:
    """The bytes as text; None where they are none. A character that is cut at the end is left out."""
    if b"\0" in begin:
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(begin)
    except UnicodeDecodeError:
        return None


def _is_json(content: bytes) -> bool:
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:  # also for what is nested too deeply
        return False
    return True
