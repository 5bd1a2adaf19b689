"""Where the versions of a model lie, under the names that configurations have."""

from __future__ import annotations

import hashlib
from typing import Any

from tidebook.abc import Store


def repo_config(store: Store, line: str) -> dict[str, Any]:
    """Where the versions of a model lie, under the names that configurations have."""
    where = store.location(line)
    root = where.removesuffix(f"/{line}")
    server = root if where.startswith(("http://", "https://")) else "local"
    return {"filerepo": where, "server": server, "filereporoot": root, "key": key_of(where)}


def key_of(where: str) -> str:
    """What tells a model or version from all others, wherever it lies."""
    return hashlib.sha256(where.encode()).hexdigest()[:32]
