"""From files that have arrived to a version: whose it is, is decided here and not by who sends it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from tidebook.abc import FileEntry, Store
from tidebook.catalog.access import Access
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import MAX_RECORD_BYTES
from tidebook.core.scope import Address
from tidebook.records.belonging import belonging
from tidebook.registry import journal, versions
from tidebook.server.storing.arrivals import Arrivals
from tidebook.server.storing.models import LABELS
from tidebook.server.storing.rights import Rights

METADATA = "metadata.json"


def commit(
    store: Store, arrivals: Arrivals, access: Access, prefix: str, claim: str, files: Sequence[FileEntry]
) -> None:
    """Makes what has arrived a version that belongs to the user, in the project that its metadata name."""
    Rights(store, access).check_fill(prefix, claim)
    with store.closing(prefix), arrivals.verified(prefix, files) as entries:
        whose = belonging(_metadata(store, prefix, entries))
        try:
            access.check_write(whose.project)
        except NotFound as error:
            raise InvalidInput(error.rule, got=error.got, fix=error.fix) from error
        if whose.owner != access.user_id:
            labels = {"format_version": 1, "owner": access.user_id}
            store.amend(prefix, LABELS, lambda before: {**(before or {}), **labels})
        store.commit(prefix, entries)
    noted(store, Address.parse(prefix))


def noted(store: Store, address: Address) -> None:
    """Lets those who follow the store know that a version has come or gone."""
    versions.raise_to(store, {address.identifier: store.newest(address.folder)})
    journal.note(store, [str(address), address.folder])


def _metadata(store: Store, prefix: str, files: Iterable[FileEntry]) -> dict[str, Any]:
    entry = next((entry for entry in files if entry.path == METADATA), None)
    if entry is None or entry.size > MAX_RECORD_BYTES:
        raise InvalidInput(
            f"A version must have a {METADATA} of at most {MAX_RECORD_BYTES:,} bytes",
            got="none" if entry is None else f"{entry.size:,} bytes",
            fix="Publish with ModelManager, which writes it.",
        )
    text = bytearray()
    for piece in store.tree(prefix).read(METADATA):
        text += piece
        if len(text) > MAX_RECORD_BYTES:
            break
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"{METADATA} must be JSON", got=f"a fault ({error})", fix="Publish again.") from error
    if not isinstance(value, dict):
        raise InvalidInput(f"{METADATA} must be a JSON object", got="another value", fix="Publish again.")
    return value
