"""The database and Python say the same of the same filter, and order runs alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.catalog.run_items import item
from tidebook.catalog import run_writing as writing
from tidebook.catalog.access import EVERYTHING
from tidebook.catalog.database import Database, open_database
from tidebook.catalog.migrate import migrate
from tidebook.catalog.run_page import count, page
from tidebook.catalog.run_writing import Seen
from tidebook.catalog.tables import runs
from tidebook.core.settings import Settings
from tidebook.runs.filters import matches, parse, parse_sort, sort_key

NOW = 1_793_534_400_000  # 2026-11-01T12:00:00Z

texts = st.sampled_from(
    ["lstm", "LSTM", "gru", "a%b", "a_b", "Größe", "größe", "3", "3.0", "0.5", "", "x" * 600, "日本", "\x00"]
)
numbers = st.sampled_from([0, -0.0, 1, 2, 3, 0.5, 1e300, -7, 2**63, 2**53 + 1])
scalars = st.one_of(texts, numbers, st.booleans(), st.none(), st.just([1, "a"]))
names = st.sampled_from(["x", "y", "val loss", "net.size", "a/b"])
moments = st.sampled_from(
    [None, "2026-11-01T10:00:00+00:00", "2026-10-31T23:00:00+00:00", "2026-11-01T12:00:00.001+00:00", "no time"]
)
items = st.lists(
    st.fixed_dictionaries(
        {
            "model_type": texts,
            "scope": st.none() | texts,
            "notes": texts,
            "created_at": moments,
            "finished_at": moments,
            "duration_seconds": st.none() | st.sampled_from([0.0, 59.5, 60.0, 7200.0]),
            "params": st.dictionaries(names, scalars, max_size=3),
            "metrics": st.dictionaries(names, numbers, max_size=3),
            "tags": st.dictionaries(names, texts, max_size=2),
            "pinned": st.booleans(),
            "archived": st.booleans(),
        }
    ),
    min_size=1,
    max_size=7,
)


def quoted(text: str) -> str:
    """`text` as a filter holds it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


signs = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
words = st.one_of(texts.map(quoted), numbers.map(str))
groups = st.builds(lambda kind, name: f"{kind}.{quoted(name)}", st.sampled_from(["params", "tags"]), names)
metrics = st.builds(lambda name: f"metrics.{quoted(name)}", names)
texts_of_runs = st.sampled_from(["model_type", "scope", "notes", "run_name", "owner"])
times = st.sampled_from(["created", "finished", "updated"])
conditions = st.one_of(
    st.builds("{} {} {}".format, groups | texts_of_runs, signs | st.just("~"), words),
    st.builds("{} {} {}".format, metrics, signs, numbers.map(str)),
    st.builds("{} in ({}, {})".format, groups | texts_of_runs, words, words),
    st.builds("{} {} {}".format, times, signs, st.sampled_from(["2026-11-01", "2h", "1d", "2026-11-01T10:00:00Z"])),
    st.builds("duration {} {}".format, signs, st.sampled_from(["60", "1m", "2h"])),
    st.builds("{} exists".format, groups | metrics | texts_of_runs | times),
    st.sampled_from(["pinned", "archived", "pinned = false", "archived != true"]),
)
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not {}".format, inner),
    ),
    max_leaves=6,
)
sorts = st.builds(
    "{}{}".format,
    st.sampled_from(["", "-"]),
    groups | metrics | texts_of_runs | times | st.sampled_from(["duration", "pinned"]),
)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for all examples."""
    opened = open_database(Settings(home=Path(tmp_path_factory.mktemp("home"))))
    migrate(opened)
    yield opened
    opened.close()


def filled(database: Database, drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The database holds just these runs."""
    made = [item(f"run-{place}", **values) for place, values in enumerate(drawn)]
    with database.write() as connection:
        writing.clear(connection)
        writing.put(connection, [Seen(each, "", live=False) for each in made])
    return made


def names_of(database: Database, numbers_: list[int]) -> list[str]:
    """The runs with these numbers, in their order."""
    with database.read() as connection:
        known = {row.n: row.run_name for row in connection.execute(runs.select())}
    return [known[n] for n in numbers_]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=items, text=filters)
def test_the_database_finds_what_matches(database: Database, drawn: list[dict[str, Any]], text: str) -> None:
    made, tree = filled(database, drawn), parse(text)
    with database.read() as connection:
        found, _ = page(connection, tree, parse_sort(None), EVERYTHING, 100, now=NOW)
        number = count(connection, tree, EVERYTHING, NOW)
    assert set(names_of(database, found)) == {run["run_name"] for run in made if matches(tree, run, NOW)}
    assert number == len(found)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=items, sort=sorts, limit=st.integers(1, 3))
def test_pages_by_key_give_every_run_once_in_order(
    database: Database, drawn: list[dict[str, Any]], sort: str, limit: int
) -> None:
    made, tree, order = filled(database, drawn), parse("archived exists"), parse_sort(sort)
    found: list[int] = []
    after: str | None = None
    while True:
        with database.read() as connection:
            some, after = page(connection, tree, order, EVERYTHING, limit, after)
        assert len(some) <= limit
        found += some
        if after is None:
            break
    key = sort_key(order)
    expected = sorted(made, key=key)
    by_name = {run["run_name"]: key(run)[:2] for run in made}
    assert sorted(names_of(database, found)) == sorted(by_name)
    assert [by_name[name] for name in names_of(database, found)] == [key(run)[:2] for run in expected]
