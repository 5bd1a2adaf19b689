"""Whose a version, a dataset and a forecast are, from the request to the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.acceptance.tables import small_table
from tidebook.core.settings import Settings
from tidebook.data.mapping import ColumnMapping
from tidebook.data.register import register
from tidebook.forecasting.predict import predict
from tidebook.jobs.train import train
from tidebook.records import dataset as datasets
from tidebook.records import forecast as forecasts
from tidebook.records import labels
from tidebook.records.belonging import Belonging, belonging
from tidebook.registry import ModelManager
from tidebook.specs import ForecastSpec, TrainSpec


def test_run_version_and_forecast_carry_owner_and_project(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "sales.parquet"
    small_table().drop("promo").write_parquet(path)
    spec = TrainSpec(dataset=str(path), product_ids=("P1",), model_type="seasonal_naive", project="north")
    result = train(spec, settings, owner="anna")
    assert (labels.read(result.run_folder).project, labels.read(result.run_folder).owner) == ("north", "anna")
    detail = ModelManager(settings).get(str(result.version))
    assert [(each["project"], each["owner"]) for each in (detail, detail["metadata"])] == [("north", "anna")] * 2
    made = predict(ForecastSpec(model=result.version, horizon=7), settings, owner="bo")
    assert (made["project"], made["owner"]) == ("north", "bo")
    assert belonging(forecasts.load(settings, made["id"])) == Belonging("north", "bo")


def test_a_dataset_keeps_owner_and_project_when_it_is_audited_anew(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "sales.csv"
    small_table().write_csv(path)
    whose = Belonging("north", "anna")
    options = {"name": "sales", "mapping": ColumnMapping(), "settings": settings, "uploaded": False}
    first = register(path, whose=whose, **options)  # type: ignore[arg-type]
    assert (first.project, first.owner) == ("north", "anna")
    again = register(path, dataset_id=first.id, whose=Belonging("default", "bo"), **options)  # type: ignore[arg-type]
    assert (again.project, again.owner) == ("north", "anna")


def test_a_record_of_an_earlier_release_is_nobodys_and_in_default(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "sales.csv"
    small_table().write_csv(path)
    made = register(path, name="sales", mapping=ColumnMapping(), settings=settings, uploaded=False)
    file = datasets.folder(settings, made.id) / datasets.FILE
    old = {name: value for name, value in json.loads(file.read_text()).items() if name not in {"owner", "project"}}
    file.write_text(json.dumps(old))
    record = datasets.load(settings, made.id)
    assert (record.project, record.owner) == ("default", None)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"id": 1}, Belonging("default", None)),
        ({"project": "north", "owner": "anna"}, Belonging("north", "anna")),
        ({"project": None, "owner": ""}, Belonging("default", None)),
        ({"project": "No Such Name", "owner": "anna"}, Belonging(labels.NOWHERE, "anna")),
        ({"project": ["x"], "owner": 5}, Belonging(labels.NOWHERE, None)),
        ({}, Belonging(labels.NOWHERE, None)),  # what could not be read might have named any
    ],
)
def test_a_name_that_no_project_can_have_makes_a_thing_its_owners_alone(
    content: dict[str, object], expected: Belonging
) -> None:
    assert belonging(content) == expected
