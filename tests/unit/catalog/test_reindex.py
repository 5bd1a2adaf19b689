"""The derived rows made again from the files."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import delete, update

from tests.unit.catalog.test_run_sync import write_run
from tests.unit.registry.foreign import trapped, write_version
from tests.unit.registry.published import LINE
from tidebook.catalog.database import Database
from tidebook.catalog.reindex import reindex
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.runs import Runs
from tidebook.catalog.tables import run_values, runs
from tidebook.catalog.versions import Versions
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager


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


def test_versions_of_another_program_are_taken_in_and_numbering_goes_on(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    root = settings.saved_models
    write_version(root / LINE / "v1", b"weights", metrics={"wape": 0.5})
    write_version(root / LINE / "v2", trapped(tmp_path / "witness"))
    write_version(root / LINE / "v3")
    (root / LINE / "v3" / "metadata.json").write_text("{")
    (root / "versions.json").write_text('{"product_P001_all_lstm": 9}')
    made = reindex(database, settings)
    assert (made.versions, made.adopted) == (2, 2)
    [told] = made.passed_over
    assert told.startswith(f"{LINE}/v3: ")
    items, total = Versions(database).versions()
    assert {item["address"]: item["problem"] is not None for item in items} == {f"{LINE}/v1": True, f"{LINE}/v2": True}
    assert total == 2
    again = reindex(database, settings)
    assert (again.versions, again.adopted) == (2, 0)
    assert ModelManager(settings).get_next_version_number("product_P001_all_lstm") == 10
    assert not (tmp_path / "witness").exists()
