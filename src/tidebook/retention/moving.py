"""Whatever it is, into the archive and back."""

from __future__ import annotations

from typing import Any, Literal

from tidebook.abc import Store
from tidebook.core.errors import Conflict
from tidebook.core.scope import Address
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager, journal
from tidebook.retention.forecasts import Forecast, archive_forecast, restore_forecast
from tidebook.retention.runs import Run, archive_run, restore_run
from tidebook.store import open_store, shelving
from tidebook.store.archiving import Version, archive_tree, restore_tree
from tidebook.store.place import Place
from tidebook.store.shelving import Thing

Kind = Literal["version", "forecast", "run"]
KINDS: tuple[Kind, ...] = ("version", "forecast", "run")


def thing(settings: Settings, kind: Kind, name: str, store: Store | None = None) -> Thing:
    """What is archived or may be, whether or not it exists. InvalidInput for a name that nothing of the kind has."""
    match kind:
        case "version":
            return Version(store or open_store(settings), str(Address.parse(name)))
        case "forecast":
            return Forecast(settings, name)
        case "run":
            return Run(settings, name)


def is_archived(settings: Settings, kind: Kind, name: str) -> bool:
    """Whether a thing is in the archive."""
    found = thing(settings, kind, name)
    return not found.is_here() and found.record() is not None


def archive(settings: Settings, kind: Kind, name: str, *, by: str | None) -> dict[str, Any]:
    """Moves a thing to the archive, and returns the record of it. NotFound where there is none."""
    match kind:
        case "version":
            models, address = ModelManager(settings), Address.parse(name)
            models.item(address)
            return archive_version(settings, models.store, str(address), by=by)
        case "forecast":
            return archive_forecast(settings, name, by=by)
        case "run":
            return archive_run(settings, name, by=by)


def archive_version(settings: Settings, store: Store, prefix: str, *, by: str | None) -> dict[str, Any]:
    """Moves a version to the archive of the settings, and has those know who list versions."""
    record = archive_tree(store, prefix, Place.of(settings), by=by)
    journal.note(store, [prefix])
    return record


def settle_version(settings: Settings, store: Store, prefix: str) -> None:
    """Removes what is left here of a version that is in the archive."""
    shelving.settle(Version(store, prefix), Place.of(settings))
    journal.note(store, [prefix])


def restore(settings: Settings, kind: Kind, name: str) -> None:
    """Brings a thing back; Conflict where it is not in the archive."""
    match kind:
        case "version":
            store, prefix = ModelManager(settings).store, str(Address.parse(name))
            restored = restore_tree(store, prefix, archive=settings.archive_place)
            journal.note(store, [prefix])
        case "forecast":
            restored = restore_forecast(settings, name)
        case "run":
            restored = restore_run(settings, name)
    if not restored:
        raise Conflict(
            "It must be in the archive to be restored",
            got=f"{kind} {name[:120]}, which is not",
            fix="`tidebook archive list` tells what is.",
        )
