"""The derived rows made again from the files."""

from __future__ import annotations

from sqlalchemy import delete, update

from tests.unit.catalog.test_run_sync import write_run
from tidebook.catalog.database import Database
from tidebook.catalog.reindex import reindex
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.runs import Runs
from tidebook.catalog.tables import run_values, runs
from tidebook.core.settings import Settings


def test_rows_that_were_lost_or_are_wrong_are_right_again(database: Database, settings: Settings) -> None:
    for number in range(450):
        write_run(settings, f"run-{number:03}", eval_metrics={"wape": number / 1000})
    rows = Runs(database)
    RunSync(settings, rows).look(60)
    with database.write() as connection:
        connection.execute(delete(run_values))
        connection.execute(update(runs).values(model_type="wrong"))
    (settings.cache / "curves" / "x").mkdir(parents=True)
    made = reindex(database, settings)
    assert (made.runs, made.versions, made.forecasts, made.datasets) == (450, 0, 0, 0)
    assert made.seconds > 0
    assert rows.count("metrics.wape < 0.01 and not model_type = wrong") == 10
    assert not (settings.cache / "curves").exists()
