"""The store that the settings or a URL name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tidebook.core.errors import InvalidInput
from tidebook.store.local import LocalStore
from tidebook.store.remote import OBJECT_STORES, scheme, shown

if TYPE_CHECKING:
    from tidebook.abc import Store
    from tidebook.core.settings import Settings

_SERVERS = frozenset({"http", "https"})


def open_store(settings: Settings) -> Store:
    """The store at TIDEBOOK_STORE, see `store_at`; default: saved_models/ in the home."""
    if not settings.store:
        return LocalStore(settings.saved_models)
    return _at(settings.store, settings, settings.token)


def store_at(where: str | Path | None, *, token: str | None = None) -> Store:
    """The store in a folder, at a file://, s3:// or oss:// URL, or of the Tidebook server at http(s)://…

    `token` is for a server; default: TIDEBOOK_TOKEN. None means the store of the settings.
    InvalidInput for another URL.
    """
    from tidebook.core.settings import Settings

    settings = Settings()
    return open_store(settings) if where is None else _at(str(where), settings, token or settings.token)


def _at(where: str, settings: Settings, token: str | None) -> Store:
    kind, parts = scheme(where), urlsplit(where)
    if kind == "":
        return LocalStore(Path(where).expanduser())
    if kind == "file" and parts.netloc in {"", "localhost"}:
        return LocalStore(Path(unquote(parts.path)))
    if kind in _SERVERS:
        from tidebook.store.http_store import HttpStore

        return HttpStore(where, token)
    if kind in OBJECT_STORES:
        from tidebook.store.objects import ObjectStore

        locks = settings.cache / "locks" if settings.store_alone else None
        return ObjectStore(where, settings.cache / "store", alone=locks)
    raise InvalidInput(
        "A store must be a folder, a file://, s3:// or oss:// URL, or the address of a server",
        got=shown(where),
        fix="Give the path of a folder; a network drive that is mounted is one.",
    )
