"""A training with folds and intervals, and what it leaves behind."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import tidebook
from tests.acceptance.tables import small_table
from tidebook import checkpoint
from tidebook.abc import State
from tidebook.core.errors import DataFault, InvalidInput
from tidebook.core.settings import Settings
from tidebook.forecasting.chart import draw
from tidebook.forecasting.table import to_csv
from tidebook.jobs.check import check
from tidebook.jobs.context import Cancelled
from tidebook.jobs.progress import Progress
from tidebook.jobs.train import TrainResult, train
from tidebook.registry import ModelManager
from tidebook.runs import TrainingManager
from tidebook.specs import TrainSpec

TINY = {"epochs": 2, "hidden_size": 8, "num_layers": 1, "seq_length": 28, "output_length": 7}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two stores, two products, 200 days."""
    path = tmp_path / "sales.parquet"
    small_table().write_parquet(path)
    return path


def _spec(table: Path, **more: Any) -> TrainSpec:
    return TrainSpec(
        **{
            "dataset": str(table),
            "product_ids": ("P1",),
            "known_future": (),
            "hyperparameters": TINY,
            "validation_days": 21,
            "test_days": 14,
            **more,
        }
    )


def _forecast(result: TrainResult, **more: Any) -> dict[str, Any]:
    return tidebook.forecast(str(result.version), horizon=30, **more)


def test_run_and_version_hold_the_backtest_and_the_metadata_what_it_came_to(table: Path, settings: Settings) -> None:
    result = train(_spec(table, folds=3), settings)
    document = json.loads((result.run_folder / "results/backtest.json").read_text())
    assert document["format_version"] == 1
    assert [fold["origin"] for fold in document["folds"]] == ["2024-06-07", "2024-06-21", "2024-07-05"]
    assert [fold["refit"] for fold in document["folds"]] == [False] * 3
    assert len(document["by_step"]) == document["horizon"] == 14
    assert [row["store_id"] for row in document["by_series"]] == ["S1", "S2"]
    assert (result.run_folder / "results/backtest.png").read_bytes().startswith(b"\x89PNG")
    evaluated = json.loads((result.run_folder / "results/eval_results.json").read_text())
    assert evaluated["skill"] == result.skill == document["skill"]["value"]
    assert evaluated["coverage"] == result.coverage == document["coverage"]
    assert evaluated["test_samples"] == evaluated["points"] == 3 * 2 * 14
    detail = ModelManager(settings).get(str(result.version))
    assert detail["backtest"] == document
    assert detail["metadata"]["skill"] == document["skill"]
    assert detail["metadata"]["coverage"] == document["coverage"]
    assert detail["metadata"]["intervals"] == [80, 95]
    assert {"backtest.json", "backtest.png"} <= {file["path"] for file in detail["files"]}
    assert json.loads(json.dumps(result.to_json()))["skill"] == result.skill


def test_with_refit_each_earlier_fold_has_a_model_of_its_own_and_the_run_that_of_the_last(
    table: Path, settings: Settings
) -> None:
    seen: list[Progress] = []
    refitted = train(_spec(table, folds=3, refit=True), settings, watch=seen.append)
    alone = train(_spec(table), settings)
    document = json.loads((refitted.run_folder / "results/backtest.json").read_text())
    assert [fold["refit"] for fold in document["folds"]] == [True, True, False]
    assert document["folds"][-1]["metrics"] == pytest.approx(alone.metrics)
    weights = [checkpoint.load(result.run_folder / "model/pytorch_model.bin") for result in (refitted, alone)]
    assert all(bool((weights[0][name] == weights[1][name]).all()) for name in weights[1])
    entries = json.loads((refitted.run_folder / "logs/metrics.json").read_text())
    assert [entry["epoch"] for entry in entries] == [1, 2]
    log = (refitted.run_folder / "logs/training.log").read_text()
    assert "Fold from 2024-06-07: epoch 2" in log
    shares = [progress.fraction for progress in seen]
    assert shares == sorted(shares)
    assert [progress.fit for progress in seen][-1] == 2
    assert shares[-1] == 1


def test_an_earlier_fold_is_forecast_by_what_was_known_before_it(table: Path, settings: Settings) -> None:
    changed = table.with_name("changed.parquet")
    sales = pl.when(pl.col("date") < pl.date(2024, 6, 7)).then("sales").otherwise(pl.col("sales") * 10 + 5)
    small_table().with_columns(sales=sales).write_parquet(changed)
    for refit in (False, True):
        first = []
        for path in (table, changed):
            result = train(_spec(path, folds=3, refit=refit), settings)
            rows = json.loads((result.run_folder / "results/predictions.json").read_text())
            first.append([row["prediction"] for row in rows if row["origin"] == "2024-06-07"])
        assert first[0] == first[1]
        assert len(first[0]) == 2 * 14


def test_a_training_that_dies_between_folds_repeats_the_refits(table: Path, settings: Settings) -> None:
    class PulledPlug(BaseException):
        pass

    def pull(progress: Progress) -> None:
        if progress.fit == 1 and progress.step > 0:
            raise PulledPlug

    spec = _spec(table, folds=3, refit=True)
    with pytest.raises(PulledPlug):
        train(spec, settings, watch=pull)
    (interrupted,) = TrainingManager.list_runs(output_dir=settings.out)
    resumed, undisturbed = train(spec, settings, resume=interrupted["run_name"]), train(spec, settings)
    assert resumed.metrics == undisturbed.metrics


def test_a_refit_stops_when_somebody_asks(table: Path, settings: Settings) -> None:
    fits: list[int] = []
    with pytest.raises(Cancelled):
        train(
            _spec(table, folds=2, refit=True),
            settings,
            watch=lambda progress: fits.append(progress.fit),
            should_stop=lambda: 1 in fits,
        )
    assert max(fits) == 1
    assert ModelManager(settings).list_models()["models"] == []


def test_a_history_too_short_for_the_folds_names_all_parts(table: Path, settings: Settings) -> None:
    for run in (check, train):
        with pytest.raises(DataFault, match=r"look-back 28 .* test 14 \+ earlier folds 19 × 14"):
            run(_spec(table, folds=20), settings)


def test_what_a_training_would_do_says_its_folds_and_models(table: Path, settings: Settings) -> None:
    found = check(_spec(table, folds=2, stride=7), settings)
    assert [fold["first"] for fold in found["folds"]] == ["2024-06-28", "2024-07-05"]
    assert found["parts"]["test"] == {"first": "2024-06-28", "last": "2024-07-18", "days": 21}
    assert found["fits"] == 1
    refitted = check(_spec(table, folds=2, stride=7, refit=True), settings)
    assert refitted["fits"] == 2
    assert refitted["parts"]["test"]["days"] == 14


def test_what_is_made_of_published_versions_cannot_be_refitted(table: Path, settings: Settings) -> None:
    member = train(_spec(table, model_type="seasonal_naive", hyperparameters={}), settings).version
    spec = _spec(table, model_type="ensemble", hyperparameters={"members": member}, folds=2, refit=True)
    with pytest.raises(InvalidInput, match="With refit the model of each fold must be trained anew, but got ensemble"):
        train(spec, settings)


def test_forecasts_have_intervals_for_each_series_and_the_total(table: Path, settings: Settings) -> None:
    forecast = _forecast(train(_spec(table, intervals=(50, 90)), settings))
    for entry in (*forecast["series"], forecast["total"]):
        assert [interval["level"] for interval in entry["intervals"]] == [50, 90]
        values = [entry["intervals"][1]["lower"], entry["intervals"][0]["lower"], entry["prediction"]["values"]]
        values += [entry["intervals"][0]["upper"], entry["intervals"][1]["upper"]]
        assert (np.diff(np.array(values), axis=0) >= -1e-3).all()
        assert len(entry["intervals"][0]["lower"]) == 30
    header, *rows = csv.reader(to_csv(forecast).splitlines())
    assert header[-4:] == ["lower_50", "upper_50", "lower_90", "upper_90"]
    assert float(rows[-1][-1]) == forecast["series"][-1]["intervals"][1]["upper"][-1]
    assert draw(settings, forecast["id"]).read_bytes().startswith(b"\x89PNG")


def test_one_series_of_many_is_forecast_with_its_intervals_and_no_total(table: Path, settings: Settings) -> None:
    result = train(_spec(table), settings)
    one, whole = _forecast(result, store_id="S2"), _forecast(result)
    assert one["total"] is None
    upper = [forecast["series"][-1]["intervals"][1]["upper"] for forecast in (one, whole)]
    np.testing.assert_allclose(upper[0], upper[1], rtol=1e-3)


def test_a_training_may_do_without_intervals(table: Path, settings: Settings) -> None:
    result = train(_spec(table, intervals=()), settings)
    assert result.coverage == []
    forecast = _forecast(result)
    assert forecast["series"][0]["intervals"] == forecast["total"]["intervals"] == []
    assert ModelManager(settings).get(str(result.version))["metadata"]["intervals"] == []


def test_a_version_of_before_there_were_intervals_and_backtests_forecasts_as_it_did(
    table: Path, settings: Settings
) -> None:
    result = train(_spec(table), settings)
    now = _forecast(result)
    folder = settings.saved_models / str(result.version)
    kind, state = checkpoint.load_state(folder / "model.pth")
    old = State({name: value for name, value in state.config.items() if name != "intervals"}, state.weights)
    checkpoint.save_state(folder / "model.pth", kind, old)
    for name in ("backtest.json", "backtest.png"):
        (folder / name).unlink()
    metadata = json.loads((folder / "metadata.json").read_text())
    for name in ("skill", "coverage", "intervals"):
        metadata.pop(name)
    (folder / "metadata.json").write_text(json.dumps(metadata))
    then = _forecast(result)
    assert then["series"][0]["intervals"] == then["total"]["intervals"] == []
    assert then["series"][0]["prediction"] == now["series"][0]["prediction"]
    assert ModelManager(settings).get(str(result.version))["backtest"] is None
    assert draw(settings, then["id"]).is_file()
    assert "lower" not in to_csv(then).splitlines()[0]


def test_a_quantile_model_without_calibration_shows_its_own_quantiles(table: Path, settings: Settings) -> None:
    result = train(_spec(table, intervals=(), hyperparameters={**TINY, "loss": "quantile"}), settings)
    forecast = _forecast(result)
    assert [interval["level"] for interval in forecast["series"][0]["intervals"]] == [80, 95]
    assert forecast["total"]["intervals"] == []
    assert [entry["level"] for entry in result.coverage] == [80, 95]
