from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.unit.integrations.reading import entries
from tidebook.runs import TrainingManager
from tidebook.runs.record import summary

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(200, 3))
Y = X[:, 0] + 0.1 * RANDOM.normal(size=200)


@pytest.fixture
def lightgbm() -> Any:
    return pytest.importorskip("lightgbm", reason="LightGBM is not installed")


@pytest.fixture
def xgboost() -> Any:
    return pytest.importorskip("xgboost", reason="XGBoost is not installed")


def test_lightgbm_writes_parameters_and_a_step_for_each_iteration(run: TrainingManager, lightgbm: Any) -> None:
    from tidebook.integrations.lightgbm import TidebookCallback

    train, valid = lightgbm.Dataset(X[:150], Y[:150]), lightgbm.Dataset(X[150:], Y[150:])
    seen: dict[str, Any] = {}
    lightgbm.train(
        {"objective": "regression", "learning_rate": 0.25, "verbose": -1, "metric": ["l2", "l1"], "num_threads": 1},
        train,
        num_boost_round=5,
        valid_sets=[train, valid],
        valid_names=["training", "valid"],
        callbacks=[TidebookCallback(run), lightgbm.record_evaluation(seen)],
    )
    for phase, name in (("train", "training"), ("valid", "valid")):
        logged = entries(run.folder, phase)
        assert [entry["step"] for entry in logged] == [1, 2, 3, 4, 5]
        assert [entry["l1"] for entry in logged] == seen[name]["l1"]
    described = summary(run.folder)
    assert (described["params"]["learning_rate"], described["params"]["num_iterations"]) == (0.25, 5)
    assert described["metrics"]["valid/l2"] == seen["valid"]["l2"][-1]


def test_lightgbm_writes_the_iteration_at_which_it_stops_early(run: TrainingManager, lightgbm: Any) -> None:
    from tidebook.integrations.lightgbm import TidebookCallback

    train, valid = lightgbm.Dataset(X[:150], Y[:150]), lightgbm.Dataset(X[150:], -Y[150:])
    lightgbm.train(
        {"objective": "regression", "verbose": -1, "num_threads": 1},
        train,
        num_boost_round=20,
        valid_sets=[valid],
        callbacks=[lightgbm.early_stopping(2, verbose=False), TidebookCallback(run)],
    )
    assert [entry["step"] for entry in entries(run.folder)] == [1, 2, 3]


def test_xgboost_writes_a_step_for_each_iteration_and_the_best_one(run: TrainingManager, xgboost: Any) -> None:
    from tidebook.integrations.xgboost import TidebookCallback

    train, valid = xgboost.DMatrix(X[:150], Y[:150]), xgboost.DMatrix(X[150:], Y[150:])
    seen: dict[str, Any] = {}
    xgboost.train(
        {"max_depth": 2, "nthread": 1},
        train,
        num_boost_round=5,
        evals=[(train, "train"), (valid, "valid")],
        evals_result=seen,
        verbose_eval=False,
        early_stopping_rounds=50,
        callbacks=[TidebookCallback(run)],
    )
    logged = entries(run.folder, "valid")
    assert [entry["step"] for entry in logged] == [1, 2, 3, 4, 5]
    assert [entry["rmse"] for entry in logged] == pytest.approx(seen["valid"]["rmse"])
    described = summary(run.folder)
    assert described["metrics"]["rmse"] == pytest.approx(seen["train"]["rmse"][-1])
    assert described["params"]["best_iteration"] == 1 + int(np.argmin(seen["valid"]["rmse"]))


def test_both_write_means_and_deviations_of_a_cross_validation(
    run: TrainingManager, lightgbm: Any, xgboost: Any
) -> None:
    from tidebook.integrations.lightgbm import TidebookCallback as OfLightGBM
    from tidebook.integrations.xgboost import TidebookCallback as OfXGBoost

    lightgbm.cv(
        {"objective": "regression", "verbose": -1, "num_threads": 1},
        lightgbm.Dataset(X, Y),
        num_boost_round=2,
        nfold=2,
        stratified=False,
        callbacks=[OfLightGBM(run)],
    )
    (phase,) = {entry["phase"] for entry in entries(run.folder)}
    assert {"l2", "l2_std"} <= entries(run.folder)[-1].keys()
    xgboost.cv({"nthread": 1}, xgboost.DMatrix(X, Y), num_boost_round=2, nfold=2, callbacks=[OfXGBoost(run)])
    assert {"rmse", "rmse_std"} <= entries(run.folder, "test")[-1].keys()
    assert phase != "test"
