"""The derived rows made again from the files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, select, update

from tests.unit.catalog.test_run_sync import write_run
from tests.unit.registry.foreign import trapped, write_version
from tests.unit.registry.published import LINE
from tests.unit.retention.homes import forecast, publish
from tidebook.catalog.database import Database
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.reindex import reindex
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.runs import Runs
from tidebook.catalog.tables import prediction_history, run_values, runs
from tidebook.catalog.version_tables import model_versions
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


def test_rows_are_never_gone_while_they_are_made_again(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = [publish(settings, day=n + 1) for n in range(3)]
    prediction = forecast(settings, versions[0])
    reindex(database, settings)
    with database.write() as connection:
        connection.execute(update(model_versions).values(is_best=False))
        connection.execute(update(prediction_history).values(total=7.0))
    seen: list[tuple[int, dict[str, int]]] = []
    write = Database.write

    @contextmanager
    def watched(self: Database) -> Iterator[Connection]:
        with write(self) as connection:
            yield connection
        predictions = Predictions(database, settings)
        seen.append((Versions(database).versions(limit=0)[1], predictions.referring(versions)))

    monkeypatch.setattr(Database, "write", watched)
    reindex(database, settings)
    monkeypatch.undo()
    assert len(seen) > 3
    assert all(found == (3, {versions[0]: 1}) for found in seen)
    assert sum(item["is_best"] for item in Versions(database).versions()[0]) == 1
    with database.read() as connection:
        rows = connection.execute(select(prediction_history.c.id, prediction_history.c.total)).all()
    assert [tuple(row) for row in rows] == [(prediction, 1.0)]
