"""Composite algorithms from a table to a forecast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import tidebook
from tests.acceptance.tables import small_table
from tidebook.cli.train import show
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.settings import Settings
from tidebook.jobs.check import check
from tidebook.jobs.progress import Progress
from tidebook.jobs.train import TrainResult, train
from tidebook.registry import ModelManager
from tidebook.runs import TrainingManager
from tidebook.specs import TrainSpec

TINY = {"epochs": 2, "hidden_size": 8, "num_layers": 1, "seq_length": 28, "output_length": 7}
PLAN = [{"date": f"2024-07-{day}", "promo": day % 2} for day in range(19, 29)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two stores, two products, 200 days."""
    path = tmp_path / "sales.parquet"
    small_table().write_parquet(path)
    return path


def trained(table: Path, model_type: str, **more: Any) -> TrainResult:
    request: dict[str, Any] = {"product_ids": ["P1"], "known_future": ["promo"], **more}
    return tidebook.train(table, model_type=model_type, **request)


def points(forecast: dict[str, Any]) -> list[list[float]]:
    return [entry["prediction"]["values"] for entry in forecast["series"]]


def test_an_ensemble_holds_its_members_so_that_deleting_them_changes_nothing(table: Path, settings: Settings) -> None:
    trained(table, "lstm", hyperparameters=TINY)
    trained(table, "seasonal_naive", hyperparameters={"season": 14})
    members = "product/P1_all/lstm/best, product/P1_all/seasonal_naive/v1"
    made = trained(table, "ensemble", hyperparameters={"members": members, "weights": "fitted"})
    recorded = "product/P1_all/lstm/v1, product/P1_all/seasonal_naive/v1"
    assert ModelManager(settings).get(str(made.version))["metadata"]["hyperparameters"]["members"] == recorded
    assert made.version == "product/P1_all/ensemble/v1"
    manager = ModelManager(settings)
    metadata = manager.get("product/P1_all/ensemble/v1")["metadata"]
    addresses = ["product/P1_all/lstm/v1", "product/P1_all/seasonal_naive/v1"]
    assert [entry["model_type"] for entry in metadata["table"]] == addresses
    assert sum(entry["weight"] for entry in metadata["table"]) == pytest.approx(1)
    assert "table" not in manager.list_models()["models"][0]
    log = (made.run_folder / "logs/training.log").read_text()
    assert all(f"{address}  " in log for address in addresses)
    before = points(tidebook.forecast("product/P1_all/ensemble", horizon=10, future=PLAN, save=False))
    for address in addresses:
        manager.delete(address, "a test", force=True)
    assert points(tidebook.forecast("product/P1_all/ensemble", horizon=10, future=PLAN, save=False)) == before


@pytest.mark.parametrize(
    ("members", "error", "text"),
    [
        ("", InvalidInput, "An ensemble must have members, but got none"),
        (" , ", InvalidInput, "An ensemble must have members, but got none"),
        ("product/P1_all/lstm/v1", NotFound, "no version of product/P1_all/lstm"),
        ("product/P1_all/seasonal_naive/v7", NotFound, "product/P1_all/seasonal_naive has v1"),
        ("nonsense", InvalidInput, "A model's address must be"),
        (
            "product/P1_all/seasonal_naive/v1,product/P1_all/seasonal_naive/latest",
            InvalidInput,
            "Each member of an ensemble must be named once, but got product/P1_all/seasonal_naive/v1, named by",
        ),
    ],
)
def test_members_that_cannot_be_are_refused_before_there_is_a_run(
    table: Path, settings: Settings, members: str, error: type[Exception], text: str
) -> None:
    trained(table, "seasonal_naive")
    spec = TrainSpec(
        dataset=str(table), product_ids=("P1",), model_type="ensemble", hyperparameters={"members": members}
    )
    for attempt in (train, check):
        with pytest.raises(error, match=text):
            attempt(spec, settings)
    assert len(TrainingManager.list_runs(output_dir=settings.out)) == 1


def test_a_member_that_needs_another_covariate_is_named(table: Path, settings: Settings) -> None:
    trained(table, "lstm", hyperparameters=TINY)
    with pytest.raises(InvalidInput, match="got product/P1_all/lstm/v1: .*promo"):
        trained(table, "ensemble", known_future=[], hyperparameters={"members": "product/P1_all/lstm/v1"})


def test_texts_are_read_as_the_members_learned_them_and_members_that_differ_are_refused(
    table: Path, settings: Settings
) -> None:
    rows = pl.read_parquet(table).with_columns(
        weather=pl.when(pl.col("promo") == 1).then(pl.lit("sun")).otherwise(pl.lit("rain"))
    )
    rows.write_parquet(table)
    trained(table, "lstm", known_future=["weather"], hyperparameters=TINY)
    turned = rows.with_columns(pl.col("weather").replace({"sun": "rain", "rain": "sun"}))
    turned.write_parquet(table)
    request = {"known_future": ["weather"], "hyperparameters": {"members": "product/P1_all/lstm/v1"}}
    made = trained(table, "ensemble", **request)
    detail = ModelManager(settings).get(str(made.version))["metadata"]["categories"]
    assert (
        detail["weather"] == ModelManager(settings).get("product/P1_all/lstm/v1")["metadata"]["categories"]["weather"]
    )
    trained(table, "lstm", known_future=["weather"], hyperparameters=TINY)
    both = "product/P1_all/lstm/v1,product/P1_all/lstm/v2"
    with pytest.raises(InvalidInput, match="weather, of which product/P1_all/lstm/v1 and product/P1_all/lstm/v2"):
        trained(table, "ensemble", known_future=["weather"], hyperparameters={"members": both})


def test_auto_publishes_the_winner_with_the_table_that_shows_why(
    table: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    made = trained(table, "auto", hyperparameters={"candidates": "lstm", "budget_minutes": 0.05})
    detail = ModelManager(settings).get(str(made.version))
    assert detail["metadata"]["table"] == made.table
    assert {entry["model_type"] for entry in made.table} >= {"seasonal_naive", "lstm"}
    assert [entry["epoch"] for entry in detail["history"]] == [1, 2, 3]
    assert all(entry["val_loss"] > 0 for entry in detail["history"])
    best = json.loads((made.run_folder / "checkpoints/best/metrics.json").read_text())
    assert best["val_wape"] == min(entry["validation_wape"] for entry in made.table if entry["seconds"] is not None)
    show(made)
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("Weight", "lstm", "season=14"))
    assert len(points(tidebook.forecast(str(made.version), horizon=10, future=PLAN))) == 2


def test_a_killed_auto_goes_on_where_it_was(table: Path, settings: Settings) -> None:
    class PulledPlug(BaseException):
        pass

    def pull(progress: Progress) -> None:
        if progress.epoch == 2 and progress.step > 0:
            raise PulledPlug

    values = {"candidates": "lstm", "budget_minutes": 0.05}
    spec = TrainSpec(
        dataset=str(table), product_ids=("P1",), known_future=("promo",), model_type="auto", hyperparameters=values
    )
    with pytest.raises(PulledPlug):
        train(spec, settings, watch=pull)
    (interrupted,) = TrainingManager.list_runs(output_dir=settings.out)
    resumed = train(spec, settings, resume=interrupted["run_name"])
    log = (resumed.run_folder / "logs/training.log").read_text()
    assert "2 candidates were finished before: seasonal_naive season=7, seasonal_naive season=14" in log
    assert log.count("Candidate 1 of 3") == 1
    assert log.count("Candidate 3 of 3") == 2
    assert resumed.version == "product/P1_all/auto/v1"
