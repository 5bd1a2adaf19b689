"""Rows of runs: who sees them, how they change, what followers hear."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from tests.unit.catalog.run_items import seen
from tidebook.catalog.access import Access
from tidebook.catalog.database import Database
from tidebook.catalog.runs import Runs
from tidebook.catalog.tables import run_items, run_values
from tidebook.core.errors import InvalidInput, NotFound

ANNA = Access("anna", administrator=False, readable=frozenset({"default"}), writable=frozenset({"default"}))


@pytest.fixture
def runs(database: Database) -> Runs:
    """The rows."""
    return Runs(database)


def test_an_item_comes_back_as_it_was_put(runs: Runs) -> None:
    one = seen("a", params={"x": [1, 2], "name": "é"}, metrics={"loss": 1e-9}, tags={"t": ""})
    runs.put([one])
    assert runs.get("a") == one.item
    assert runs.page("", None, 10, None) == ([one.item], None)


def test_a_changed_run_is_found_by_its_new_values_only(runs: Runs, database: Database) -> None:
    runs.put([seen("a", metrics={"loss": 1.0, "old": 2.0}, tags={"team": "east"})])
    runs.put([seen("a", metrics={"loss": 0.5, "new": 3.0}, tags={"team": "west"})])
    assert runs.count("metrics.loss = 1 or metrics.old exists or tags.team = east") == 0
    assert runs.count("metrics.loss = 0.5 and metrics.new = 3 and tags.team = west") == 1
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(run_values)).scalar() == 3


def test_what_is_the_same_counts_as_no_change(runs: Runs) -> None:
    runs.put([seen("a"), seen("b")])
    before = runs.last_change()
    assert runs.put([seen("a"), seen("b", notes="x")]) == (before, runs.last_change())
    items, after = runs.changes(before, 10)
    assert [item["run_name"] for item in items] == ["b"]
    assert runs.put([seen("a")]) == (after, after)


def test_followers_hear_of_every_change_once_and_of_deletions(runs: Runs) -> None:
    start = runs.last_change()
    runs.put([seen(name) for name in "abc"])
    first, cursor = runs.changes(start, 2)
    rest, cursor = runs.changes(cursor, 2)
    assert [item["run_name"] for item in first + rest] == ["a", "b", "c"]
    runs.remove(["b", "unknown"])
    items, cursor = runs.changes(cursor, 10)
    assert items == [{"run_name": "b", "deleted": True}]
    assert runs.changes(cursor, 10) == ([], cursor)


def test_nothing_is_left_of_a_removed_run(runs: Runs, database: Database) -> None:
    runs.put([seen("a", params={"x": 1}, metrics={"y": 2.0})])
    runs.remove(["a"])
    with database.read() as connection:
        for table in (run_values, run_items):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0
    assert runs.fields() == {"params": [], "metrics": [], "tags": [], "model_types": [], "projects": []}


@pytest.mark.parametrize(
    "ask",
    [
        lambda runs: [item["run_name"] for item in runs.page("", "run_name", 10, None, ANNA)[0]],
        lambda runs: sorted(runs.find(["mine", "open", "secret"], ANNA)),
        lambda runs: [item["run_name"] for item in runs.changes(0, 10, ANNA)[0]],
        lambda runs: [item["run_name"] for item in runs.page("", "-params.p", 10, None, ANNA)[0]],
    ],
)
def test_a_user_sees_public_runs_and_their_own_only(runs: Runs, ask: Callable[[Runs], list[str]]) -> None:
    runs.put(
        [
            seen("mine", project="private", owner="anna", params={"p": 3}),
            seen("open", params={"p": 2}),
            seen("secret", project="private", owner="bob", params={"p": 1, "hidden": 1}, model_type="new"),
        ]
    )
    assert ask(runs) == ["mine", "open"]
    assert runs.count("", ANNA) == 2
    assert runs.fields(ANNA)["params"] == ["p"]
    assert runs.fields(ANNA)["projects"] == ["default", "private"]
    assert runs.fields(ANNA)["model_types"] == []
    with pytest.raises(NotFound):
        runs.get("secret", ANNA)
    runs.remove(["secret"])
    assert runs.changes(runs.last_change() - 1, 10, ANNA)[0] == []


def test_a_run_that_is_not_there_is_told_with_the_nearest(runs: Runs) -> None:
    runs.put([seen("P001_all_lstm")])
    with pytest.raises(NotFound, match="Did you mean P001_all_lstm"):
        runs.get("P001_all_lst")


@pytest.mark.parametrize("after", ["x", "W10", "bnVsbA", "WzAsbnVsbCwxXQ", "WzksMSwxXQ", "WzAsMSwtMV0", "é"])
def test_a_cursor_that_is_none_is_refused(runs: Runs, after: str) -> None:
    with pytest.raises(InvalidInput, match="after must be the `next` of an earlier page"):
        runs.page("", None, 10, after)


def test_names_that_cannot_be_asked_for_are_kept_in_the_item(runs: Runs) -> None:
    runs.put([seen("a", params={"": 1, "x" * 300: 2, "\x00": 3, "../x": 4, "<b>": 5})])
    assert runs.fields()["params"] == ["../x", "<b>"]
    assert len(runs.get("a")["params"]) == 5
    assert runs.count('params.../x = 4 and params."<b>" = 5') == 1


def test_to_whoever_sees_a_run_no_more_it_is_deleted(runs: Runs) -> None:
    bob = Access("bob", administrator=False, readable=frozenset({"default", "b"}), writable=frozenset({"default", "b"}))
    runs.put([seen("a", owner="carl"), seen("other")])
    start = runs.last_change()
    runs.put([seen("a", owner="carl", project="b"), seen("new")])
    items, cursor = runs.changes(start, 10, ANNA)
    assert items == [{"run_name": "a", "deleted": True}, seen("new").item]
    items, _ = runs.changes(start, 10, bob)
    assert sorted(item["run_name"] for item in items) == ["a", "new"]
    assert not any("deleted" in item for item in items)
    runs.put([seen("a", owner="carl")])
    items, cursor = runs.changes(cursor, 10, ANNA)
    assert items == [seen("a", owner="carl").item]
    runs.put([seen("a", owner="anna", project="b")])
    runs.put([seen("a", owner="carl", project="b")])
    assert runs.changes(cursor, 10, ANNA)[0] == [{"run_name": "a", "deleted": True}] * 2
