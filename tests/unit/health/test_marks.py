"""A deletion that was killed between its mark and its end leaves nothing that stays wrong."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.unit.retention.homes import LINE, publish
from tidebook.core.errors import Conflict
from tidebook.core.scope import Address
from tidebook.core.settings import Settings
from tidebook.health.checks.marks import marks
from tidebook.health.finding import OLD, Finding, Home
from tidebook.registry import ModelManager, aliases
from tidebook.store import open_store


def found(settings: Settings) -> list[Finding]:
    return list(marks(Home(settings, open_store(settings))))


def killed(settings: Settings, address: str) -> Path:
    """Begins to delete a version and is killed; the file that says so."""
    child = os.fork()
    if child == 0:
        store = open_store(settings)
        aliases.free(store, Address.parse(address), lambda: os._exit(9), by="x", reason="", forced=False)
    os.waitpid(child, 0)
    return settings.saved_models / LINE / aliases.FILE


def test_a_mark_that_was_left_is_found_after_an_hour_and_removed(settings: Settings) -> None:
    first, second = publish(settings), publish(settings)
    models = ModelManager(settings)
    models.set_alias(second, "production")
    file = killed(settings, first)
    with pytest.raises(Conflict, match="is being deleted"):
        models.set_alias(first, "candidate")
    assert found(settings) == []  # it may be going on
    os.utime(file, (time.time() - OLD - 1,) * 2)
    [finding] = found(settings)
    assert (finding.code, finding.path, finding.detail) == (
        "deletion_marked",
        f"saved_models/{LINE}/aliases.json",
        "v1",
    )
    assert finding.mend is not None
    finding.mend()
    assert found(settings) == []
    models.set_alias(first, "candidate")
    assert {name: entry["version"] for name, entry in models.aliases(LINE)["aliases"].items()} == {
        "production": "v2",
        "candidate": "v1",
    }


def test_the_mark_of_a_version_that_is_gone_is_no_finding(settings: Settings) -> None:
    first, _ = publish(settings), publish(settings)
    file = killed(settings, first)
    ModelManager(settings).delete(first, "again", force=True)
    if file.exists():
        os.utime(file, (time.time() - OLD - 1,) * 2)
    assert found(settings) == []
