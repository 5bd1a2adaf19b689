"""A training in this process, and what it leaves behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tidebook
from tests.acceptance.tables import small_table
from tests.unit.registry.foreign import trapped, write_version
from tidebook.algorithms.lstm import LSTMModel
from tidebook.core.errors import DataFault, InvalidInput, NotFound, TaskFailure
from tidebook.core.settings import Settings
from tidebook.data.extend import extend
from tidebook.forecasting import PredictionEngine
from tidebook.forecasting.predict import predict
from tidebook.jobs.context import Cancelled
from tidebook.jobs.progress import Progress
from tidebook.jobs.train import TrainResult, train
from tidebook.records import forecast as records
from tidebook.registry import ModelManager
from tidebook.registry.adopt import adopt_all
from tidebook.runs import TrainingManager
from tidebook.specs import ForecastSpec, TrainSpec

TINY = {"epochs": 2, "hidden_size": 8, "num_layers": 1, "seq_length": 28, "output_length": 7}


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two stores, two products, 200 days."""
    path = tmp_path / "sales.parquet"
    small_table().write_parquet(path)
    return path


def _train(table: Path, settings: Settings, **more: Any) -> TrainResult:
    spec = TrainSpec(dataset=str(table), product_ids=("P1",), known_future=("promo",), hyperparameters=TINY)
    return train(spec, settings, **more)


def _plan(days: int = 14) -> list[dict[str, Any]]:
    return [{"date": str(np.datetime64("2024-07-19") + day), "promo": day % 2} for day in range(days)]


def test_a_run_has_every_file_and_field_that_users_know(table: Path, settings: Settings) -> None:
    result = _train(table, settings)
    folder = result.run_folder
    assert folder.parent == settings.out
    assert result.run_name.startswith("P1_all_lstm_")
    for name in (
        "config.json",
        "metadata.json",
        "model/pytorch_model.bin",
        "model/config.json",
        "model/training_args.json",
        "checkpoints/best/pytorch_model.bin",
        "checkpoints/best/metrics.json",
        "logs/training.log",
        "logs/metrics.json",
        "results/eval_results.json",
        "results/predictions.json",
    ):
        assert (folder / name).is_file(), name
    config = json.loads((folder / "config.json").read_text())
    assert config.keys() >= {
        *("run_name", "stock_symbol", "model_type", "data_source", "created_at", "seq_length", "hidden_size"),
        *("num_layers", "dropout", "epochs", "batch_size", "learning_rate", "patience"),
        *("train_start_date", "train_end_date"),
    }
    metadata = json.loads((folder / "metadata.json").read_text())
    assert metadata["status"] == "completed"
    assert metadata["eval_metrics"].keys() >= {"mae", "rmse", "mape", "r2", "direction_accuracy"}
    assert json.loads((folder / "model/training_args.json").read_text()).keys() >= {
        *("epochs", "batch_size", "learning_rate", "optimizer", "loss_function"),
        *("train_samples", "val_samples", "best_val_loss", "total_epochs_trained"),
    }
    entries = json.loads((folder / "logs/metrics.json").read_text())
    assert [(entry["epoch"], entry["phase"]) for entry in entries] == [(1, "train"), (2, "train")]
    rows = json.loads((folder / "results/predictions.json").read_text())
    assert rows[0].keys() >= {"series", "date", "actual", "prediction"}
    assert len(rows) == 2 * 28


def test_the_weights_load_as_users_know_it(table: Path, settings: Settings) -> None:
    folder = _train(table, settings).run_folder / "model"
    config = json.loads((folder / "config.json").read_text())
    model = LSTMModel(
        input_size=config["input_size"], hidden_size=config["hidden_size"], num_layers=config["num_layers"]
    )
    model.load_state_dict(torch.load(folder / "pytorch_model.bin"))


def test_the_engine_is_the_same_from_a_run_and_from_a_version(table: Path, settings: Settings) -> None:
    result = _train(table, settings)
    run = TrainingManager.load_run(result.run_name, output_dir=settings.out)
    folder = settings.saved_models / str(result.version)
    engines = [
        PredictionEngine(folder / "model.pth"),
        PredictionEngine(model_path=run.get_model_path(), model_type="lstm", model_config=run.load_model_config()),
    ]
    panel = tidebook.load_panel(table, training_mode="product", product_ids=["P1"], known_future=["promo"])
    longer = extend(panel, 14, _plan(), ("promo",))
    first, second = (engine.forecast(longer, 14) for engine in engines)
    assert first.shape == (2, 14)
    assert np.array_equal(first, second)


def test_a_version_forecasts_after_run_and_data_registration_are_gone(table: Path, settings: Settings) -> None:
    import shutil

    result = _train(table, settings)
    shutil.rmtree(result.run_folder)
    forecast = tidebook.forecast("product/P1_all/lstm", horizon=14, future=_plan())
    assert len(forecast["series"]) == 2
    assert forecast["known_future"]["given"] == ["promo"]


def test_frames_are_trained_on_and_forecast_from(settings: Settings) -> None:
    import pandas as pd

    frame = small_table()
    result = tidebook.train(frame, product_ids=["P1"], known_future=["promo"], hyperparameters=TINY)
    assert result.version == "product/P1_all/lstm/v1"
    with pytest.raises(NotFound, match="A forecast needs the history to go on from"):
        tidebook.forecast("product/P1_all/lstm", horizon=7, future=_plan(7))
    plan = pd.DataFrame(_plan(7))
    forecast = tidebook.forecast(
        "product/P1_all/lstm", data=frame.to_pandas(), horizon=7, store_id="S2", future=plan, save=False
    )
    assert [entry["store_id"] for entry in forecast["series"]] == ["S2"]
    assert not settings.saved_predictions.exists()


def test_a_training_goes_on_from_its_last_checkpoint(table: Path, settings: Settings) -> None:
    class PulledPlug(BaseException):
        pass

    def pull_after_two(progress: Progress) -> None:
        if progress.epoch == 2 and progress.step > 0:
            raise PulledPlug

    spec = TrainSpec(
        dataset=str(table), product_ids=("P1",), known_future=("promo",), hyperparameters={**TINY, "epochs": 4}
    )
    with pytest.raises(PulledPlug):
        train(spec, settings, watch=pull_after_two)
    (interrupted,) = TrainingManager.list_runs(output_dir=settings.out)
    assert interrupted["status"] == "failed"
    resumed = train(spec, settings, resume=interrupted["run_name"])
    undisturbed = train(spec, settings)
    assert resumed.run_name == interrupted["run_name"]
    assert "continued after epoch 2" in (resumed.run_folder / "logs/training.log").read_text()
    weights = [torch.load(result.run_folder / "model/pytorch_model.bin") for result in (resumed, undisturbed)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[1])


def test_progress_is_real_and_ends_completed(table: Path, settings: Settings) -> None:
    seen: list[Progress] = []
    lines: list[str] = []
    _train(table, settings, watch=seen.append, listener=lines.append)
    assert [status for i, status in enumerate(p.status for p in seen) if i == 0 or status != seen[i - 1].status] == [
        "preparing",
        "training",
        "completed",
    ]
    assert seen[-1].epoch == 2
    assert seen[-1].fraction == 1
    assert any(0 < progress.fraction < 1 and progress.eta_seconds for progress in seen)
    assert any("Published product/P1_all/lstm/v1" in line for line in lines)


def test_a_stopped_training_is_a_failed_run_without_a_version(table: Path, settings: Settings) -> None:
    with pytest.raises(Cancelled):
        _train(table, settings, should_stop=lambda: True)
    (run,) = TrainingManager.list_runs(output_dir=settings.out)
    assert (run["status"], run["reason"]) == ("failed", "cancelled")
    assert ModelManager(settings).list_models()["models"] == []


def test_what_is_wrong_with_the_data_is_the_reason_of_the_failed_run(table: Path, settings: Settings) -> None:
    spec = TrainSpec(dataset=str(table), product_ids=("P1",), hyperparameters={**TINY, "seq_length": 400})
    with pytest.raises(DataFault, match="at least"):
        train(spec, settings)
    (run,) = TrainingManager.list_runs(output_dir=settings.out)
    assert "look-back 400" in run["reason"]


def test_a_training_may_end_without_a_version(table: Path, settings: Settings) -> None:
    spec = TrainSpec(dataset=str(table), product_ids=("P1",), model_type="seasonal_naive", publish=False)
    assert train(spec, settings).version is None


def test_best_is_forecast_with_unless_another_version_is_named(table: Path, settings: Settings) -> None:
    for _ in range(2):
        spec = TrainSpec(dataset=str(table), product_ids=("P1",), known_future=(), model_type="seasonal_naive")
        train(spec, settings)
    line = "product/P1_all/seasonal_naive"
    addresses = [
        predict(ForecastSpec(model=line, version=version, horizon=3), settings)["model"]["address"]
        for version in ("v1", "latest")
    ]
    assert addresses == [f"{line}/v1", f"{line}/v2"]
    manager = ModelManager(settings)
    manager.set_alias(f"{line}/v1", "production")
    manager.label(f"{line}/v1", project="north")
    named = tidebook.forecast(f"{line}@production", horizon=3, save=False)
    assert (named["model"]["address"], named["project"]) == (f"{line}/v1", "north")
    assert manager.get(f"{line}/v1")["lineage"]["code"]["package"] == tidebook.__version__
    with pytest.raises(NotFound, match="v9"):
        predict(ForecastSpec(model=line, version="v9"), settings)
    with pytest.raises(NotFound):
        predict(ForecastSpec(model="product/P2_all/lstm"), settings)


def test_a_version_that_another_program_wrote_says_why_nothing_is_forecast_with_it(
    settings: Settings, tmp_path: Path
) -> None:
    line = "product/P1_all/kan"
    write_version(settings.saved_models / line / "v1", trapped(tmp_path / "witness"))
    adopt_all(ModelManager(settings).store)
    with pytest.raises(DataFault, match="is a pickle, which is never loaded"):
        tidebook.forecast(line, horizon=7)
    assert not (tmp_path / "witness").exists()


def test_a_version_that_is_deleted_while_it_is_loaded_is_not_found(table: Path, settings: Settings) -> None:
    result = _train(table, settings)
    manager = ModelManager(settings)
    folder = manager.path(str(result.version))
    manager.delete(str(result.version), reason="a try", force=True)
    with pytest.raises(NotFound, match="The version may have been deleted meanwhile"):
        PredictionEngine(folder / "model.pth")
    with pytest.raises(NotFound):
        tidebook.forecast("product/P1_all/lstm", horizon=7, future=_plan(7))


def test_a_store_that_the_model_does_not_cover_is_refused(table: Path, settings: Settings) -> None:
    _train(table, settings)
    with pytest.raises(NotFound, match="The store must be one that the model covers, but got S9. Did you mean S"):
        tidebook.forecast("product/P1_all/lstm", store_id="S9", horizon=7, future=_plan(7))


def test_a_request_that_makes_no_sense_is_refused_in_words(table: Path, settings: Settings) -> None:
    with pytest.raises(InvalidInput, match="The request must not have a field product_idz.*Did you mean product_ids?"):
        tidebook.train(table, product_idz=["P1"])
    with pytest.raises(InvalidInput, match="horizon must be valid"):
        tidebook.forecast("product/P1_all/lstm", horizon=10_000)


def test_an_id_that_the_model_does_not_have_is_never_passed_over(table: Path, settings: Settings) -> None:
    for request in ({"product_ids": ("P1",)}, {"training_mode": "global", "aggregation_method": "sum"}):
        train(TrainSpec(dataset=str(table), known_future=(), model_type="seasonal_naive", **request), settings)
    with pytest.raises(NotFound, match="The product must be one that the model covers, but got P2"):
        tidebook.forecast("product/P1_all/seasonal_naive", product_id="P2", horizon=3)
    with pytest.raises(InvalidInput, match="A model of an aggregate forecasts the sum alone, but got store_id S2"):
        tidebook.forecast("global/all/sum/seasonal_naive", store_id="S2", horizon=3)


def test_an_error_within_an_algorithm_says_where(
    table: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.plugins.mkdir(parents=True)
    (settings.plugins / "broken.py").write_text(
        "from tidebook.algorithms.seasonal_naive import SeasonalNaive\n"
        "class Broken(SeasonalNaive):\n    name = 'broken'\n"
        "    def fit(self, *arguments):\n        return 1 / 0\n"
        "algorithm = Broken()\n"
    )
    spec = TrainSpec(dataset=str(table), product_ids=("P1",), known_future=(), model_type="broken")
    with pytest.raises(
        TaskFailure, match=r"The algorithm broken must train without an error.*ZeroDivisionError.*line 5"
    ):
        train(spec, settings)
    (run,) = TrainingManager.list_runs(output_dir=settings.out)
    assert "Traceback" in (settings.out / run["run_name"] / "logs/training.log").read_text()


def test_a_forecast_whose_version_is_deleted_meanwhile_is_not_saved(
    table: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = _train(table, settings)
    save = records.save

    def late(of: Settings, forecast: dict[str, Any]) -> Path:
        ModelManager(settings).delete(str(result.version), reason="a cleanup", force=True)
        return save(of, forecast)

    monkeypatch.setattr(records, "save", late)
    with pytest.raises(NotFound, match="a cleanup"):
        tidebook.forecast("product/P1_all/lstm", horizon=7, future=_plan(7))
    assert records.every(settings) == {}
