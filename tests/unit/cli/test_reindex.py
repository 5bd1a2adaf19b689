"""`tidebook reindex`."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from tests.unit.catalog.test_run_sync import write_run
from tidebook.catalog.database import open_database
from tidebook.catalog.runs import Runs
from tidebook.cli.app import app
from tidebook.core.settings import Settings


def test_the_lists_are_made_again_and_counted(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEBOOK_LANGUAGE", "en")
    write_run(settings, "a", eval_metrics={"wape": 0.1})
    told = json.loads(CliRunner().invoke(app, ["reindex", "--json"]).output)
    assert (told["runs"], told["versions"], told["forecasts"], told["datasets"]) == (1, 0, 0, 0)
    assert CliRunner().invoke(app, ["reindex"]).output.startswith("Runs: 1 · versions: 0 · forecasts: 0 · datasets: 0")
    database = open_database(settings)
    assert Runs(database).count("metrics.wape = 0.1") == 1
    database.close()
