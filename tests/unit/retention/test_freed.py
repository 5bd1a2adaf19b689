"""What is free when versions go that have content in common."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.retention.homes import LINE
from tidebook.core.ids import new_id
from tidebook.retention.freed import freed
from tidebook.store import LocalStore

LARGE = 200_000
OTHER = "product/P002_all/lstm"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStore:
    """One on a file system that knows second names and no clones."""
    monkeypatch.setattr("tidebook.store.trees.local.cloned", lambda reader, target, entry: False)
    return LocalStore(tmp_path / "saved_models")


def publish(store: LocalStore, source: Path, line: str = LINE, *, content: bytes) -> str:
    address = f"{line}/v{store.claim(line, new_id('VIEW'))}"
    source.mkdir(exist_ok=True)
    (source / "model.pth").write_bytes(content * LARGE)
    (source / "config.json").write_bytes(b"{}")
    store.commit(address, store.fill(address, {name: source / name for name in ("model.pth", "config.json")}))
    return address


def test_content_in_common_is_free_with_the_last_version_that_has_it(store: LocalStore, tmp_path: Path) -> None:
    one, two, own = (publish(store, tmp_path / "source", content=content) for content in (b"a", b"a", b"b"))
    sizes = dict.fromkeys((one, two, own), LARGE + 2)
    assert freed(store, {one: sizes[one]}) == {one: 2}
    assert freed(store, {one: sizes[one], own: sizes[own]}) == {one: 2, own: LARGE + 2}
    assert freed(store, sizes) == {one: 2, two: LARGE + 2, own: LARGE + 2}


def test_content_in_common_with_another_line_counts_as_well(store: LocalStore, tmp_path: Path) -> None:
    one = publish(store, tmp_path / "source", content=b"a")
    other = f"{OTHER}/v{store.claim(OTHER, new_id('VIEW'))}"
    entry = store.tree(one).entries()["model.pth"]
    assert store.tree(other).share(entry, f"{one}/model.pth") is True
    store.commit(other, [entry])
    for address in (one, other):
        assert freed(store, {address: LARGE}) == {address: 0}
    assert freed(store, {one: LARGE, other: LARGE}) == {one: 0, other: LARGE}


def test_versions_with_nothing_in_common_are_not_looked_through(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (publish(store, tmp_path / "source", content=content) for content in (b"a", b"b"))
    monkeypatch.setattr("os.scandir", None)
    assert freed(store, {one: LARGE, two: LARGE}) == {one: LARGE, two: LARGE}
