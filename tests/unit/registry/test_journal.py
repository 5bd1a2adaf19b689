"""What changed lately is told to those who follow; what was forgotten is told too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.registry.published import LINE, metadata, root_of
from tidebook.registry import ModelManager, journal
from tidebook.registry.journal import note, since
from tidebook.store import LocalStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    """An empty one."""
    return LocalStore(tmp_path / "saved_models")


def test_whoever_follows_reads_what_came_after(store: LocalStore) -> None:
    assert since(store, 0) == journal.Changes(0, frozenset(), complete=True)
    note(store, ["a"])
    note(store, ["b", "c"])
    note(store, ["a"])
    assert since(store, 0) == journal.Changes(3, frozenset("abc"), complete=True)
    assert since(store, 2) == journal.Changes(3, frozenset("a"), complete=True)
    assert since(store, 3) == journal.Changes(3, frozenset(), complete=True)


def test_what_is_forgotten_is_not_passed_off_as_complete(store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "KEPT", 3)
    for number in range(1, 7):
        note(store, [f"address {number}"])
    assert since(store, 3).complete
    assert len(since(store, 3).addresses) == 3
    assert not since(store, 2).complete
    assert not since(store, 0).complete


@pytest.mark.parametrize("content", ["{", "[]", '{"number": "x", "changed": {"a": true, "b": "c"}}', '{"changed": 3}'])
def test_a_journal_that_is_broken_begins_anew(store: LocalStore, content: str) -> None:
    note(store, ["a"])
    (store.root / journal.NAME).write_text(content)
    assert since(store, 5).complete is False
    note(store, ["b"])
    assert since(store, 0).addresses == {"b"}


def test_numbers_that_cannot_be_are_passed_over(models: ModelManager, run: Path) -> None:
    models.publish(run, LINE, metadata())
    root = root_of(models)
    (root / journal.NAME).write_text(json.dumps({"number": 2**63, "changed": {f"{LINE}/v1": 2**64 - 1, LINE: 3}}))
    assert journal.since(models.store, 0).number == 3
    (root / "versions.json").write_text(json.dumps({"product_P001_all_lstm": 10**12}))
    assert models.get_next_version_number("product_P001_all_lstm") == 2
    assert str(models.publish(run, LINE, metadata(), publish_id="two")) == f"{LINE}/v2"
