"""The store that the settings name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tidebook.core.errors import InvalidInput
from tidebook.store.local import LocalStore

if TYPE_CHECKING:
    from tidebook.core.settings import Settings


def open_store(settings: Settings) -> LocalStore:
    """The store at TIDEBOOK_STORE, a folder or a file:// URL; default: saved_models/ in the home."""
    where = settings.store
    if not where:
        return LocalStore(settings.saved_models)
    if "://" not in where:
        return LocalStore(Path(where).expanduser())
    parts = urlsplit(where)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        raise InvalidInput(
            "TIDEBOOK_STORE must be a folder or a file:// URL",
            got=f"{parts.scheme}://{parts.hostname or ''}",
            fix="Give the path of a folder; a network drive that is mounted is one.",
        )
    return LocalStore(Path(unquote(parts.path)))
