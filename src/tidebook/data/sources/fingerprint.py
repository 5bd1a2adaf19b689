"""The digest of a file's content: the same for every copy of it."""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

_PIECE = 1 << 20


def of_file(path: Path) -> str:
    """`blake3:` and the hex digest of the file at `path`."""
    digest = blake3()
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return f"blake3:{digest.hexdigest()}"
