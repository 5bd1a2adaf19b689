"""Looks through a whole home for what is missing, changed, foreign or half written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tidebook.core.errors import StorageFailure
from tidebook.core.settings import Settings
from tidebook.health.checks.archive import archive
from tidebook.health.checks.files import files
from tidebook.health.checks.home import datasets, forecasts, runs
from tidebook.health.checks.leftovers import leftovers
from tidebook.health.checks.lines import lines
from tidebook.health.checks.marks import marks
from tidebook.health.checks.rows import rows
from tidebook.health.checks.versions import versions
from tidebook.health.finding import Finding, Home
from tidebook.store import open_store
from tidebook.store.remote import shown

CHECKS: tuple[Callable[[Home], Iterator[Finding]], ...] = (
    leftovers,
    versions,
    files,
    lines,
    marks,
    runs,
    forecasts,
    datasets,
    archive,
    rows,
)


def fsck(settings: Settings, *, quick: bool = False) -> Iterator[Finding]:
    """Everything that is not as it should be, as it is found; with `quick` by sizes, without digests.

    A server may go on meanwhile. Nothing is changed.
    """
    home = Home(settings, open_store(settings), quick)
    for check in CHECKS:
        try:
            yield from check(home)
        except StorageFailure as error:
            yield Finding("store_away", shown(settings.store or str(settings.saved_models)), error.got)
