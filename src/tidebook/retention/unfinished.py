"""What a cleanup has begun, so that the next one finishes it where that one was killed."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from tidebook.core.errors import NotFound, TidebookError
from tidebook.core.files import read_json, write_json
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager
from tidebook.registry.item import address_of
from tidebook.retention.moving import settle_version
from tidebook.retention.plan import Item
from tidebook.retention.runs import finish_run
from tidebook.store.local import TOMBSTONE

FILE = "cleanup.json"  #: in the cache: where it is lost, fsck finds what was left half done


def begin(settings: Settings, items: Iterable[Item]) -> None:
    """Remembers what is going to be removed."""
    going = [[item.kind, item.id] for item in items if item.kind != "forecast"]  # those go in one step
    write_json(settings.cache / FILE, {"format_version": 1, "going": going})


def end(settings: Settings) -> None:
    """All of it is done."""
    (settings.cache / FILE).unlink(missing_ok=True)


def finish(settings: Settings, models: ModelManager) -> None:
    """Finishes what a killed cleanup began; what it did not get to stays as it is."""
    for kind, name in _begun(settings):
        with suppress(TidebookError):
            if kind == "run":
                finish_run(settings, name)
            elif kind == "version" and address_of(name) is not None:
                _finish_version(settings, models, name)
    end(settings)


def _finish_version(settings: Settings, models: ModelManager, address: str) -> None:
    try:
        models.store.manifest(address)
    except NotFound:
        if models.store.record(address, TOMBSTONE) is not None:
            models.store.delete(address, "")  # It says why.
        return
    settle_version(settings, models.store, address)


def _begun(settings: Settings) -> list[tuple[str, str]]:
    try:
        going = read_json(settings.cache / FILE)["going"]
        return [(str(kind), str(name)) for kind, name in going]
    except (NotFound, KeyError, TypeError, ValueError):
        return []
