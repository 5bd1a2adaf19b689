"""A run that is trained again from its record, at a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.conftest import Command
from tests.acceptance.tables import small_table

SMALL = ("--epochs", "2", "--hidden-size", "8", "--seq-length", "28", "--num-layers", "1")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "sales.parquet"
    small_table().write_parquet(path)
    return path


def test_a_run_is_reproduced_and_the_verdict_told(tidebook: Command, table: Path) -> None:
    trained = tidebook("train", table, "--product", "P1", *SMALL, "--json")
    assert trained.code == 0, trained.err
    again = tidebook("runs", "reproduce", "latest")
    assert again.code == 0, again.err
    assert "gave the same result again" in again.out
    runs = tidebook("runs", "list", "--json").json["runs"]
    assert runs[0]["tags"] == {"reproduces": trained.json["run_name"]}

    small_table().with_columns(sales=1.5 * small_table()["sales"]).write_parquet(table)
    other = tidebook("runs", "reproduce", trained.json["run_name"])
    assert other.code == 1, other.err
    assert "gave another result" in other.out
    assert "fingerprint" in other.out
    document = tidebook("runs", "reproduce", trained.json["run_name"], "--json")
    assert document.code == 1
    assert document.json["equal"] is False


def test_a_run_of_another_program_cannot_be_reproduced(tidebook: Command, home: Path) -> None:
    folder = home / "out" / "theirs"
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text("{}")
    refused = tidebook("runs", "reproduce", "theirs", "--json")
    assert refused.code == 2
    assert "must hold the request" in refused.problem["rule"]
