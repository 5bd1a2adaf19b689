from __future__ import annotations

import json

import numpy as np
import pytest

from tests.unit.integrations.reading import entries
from tidebook.runs import TrainingManager
from tidebook.runs.record import summary

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tidebook.integrations.sklearn import cross_validate, log_estimator, log_search

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3))
CLASS = (X[:, 0] + 0.5 * RANDOM.normal(size=60) > 0).astype(int)
VALUE = X[:, 0] + 0.1 * RANDOM.normal(size=60)


def test_a_classifier_has_its_parameters_and_scores(run: TrainingManager) -> None:
    model = LogisticRegression(C=0.5).fit(X, CLASS)
    scores = log_estimator(run, model, X, CLASS, scoring={"rows": lambda _, rows, __: len(rows)})
    described = summary(run.folder)
    assert set(scores) == {"accuracy", "precision", "recall", "f1", "log_loss", "roc_auc", "rows"}
    assert scores["accuracy"] == model.score(X, CLASS)
    assert described["metrics"] == {f"test/{name}": pytest.approx(value) for name, value in scores.items()}
    assert (described["params"]["estimator"], described["params"]["C"]) == ("LogisticRegression", 0.5)


def test_several_classes_and_a_class_that_the_test_part_lacks_have_scores_too(run: TrainingManager) -> None:
    three = np.arange(60) % 3
    model = LogisticRegression().fit(X, three)
    assert log_estimator(run, model, X, three)["roc_auc"] > 0.4
    assert set(log_estimator(run, model, X[three < 2], three[three < 2])) == {"accuracy", "precision", "recall", "f1"}


def test_a_pipeline_that_predicts_numbers_has_errors_and_the_parameters_of_its_steps(run: TrainingManager) -> None:
    model = make_pipeline(StandardScaler(), Ridge(alpha=2.0)).fit(X, VALUE)
    assert set(log_estimator(run, model, X, VALUE)) == {"mae", "rmse", "r2"}
    assert summary(run.folder)["params"]["ridge__alpha"] == 2.0


def test_what_neither_classifies_nor_predicts_has_its_own_score(run: TrainingManager) -> None:
    assert set(log_estimator(run, KMeans(2, n_init=1, random_state=0).fit(X), X)) == {"score"}


def test_a_cross_validation_has_a_step_for_each_fold_and_the_mean(run: TrainingManager) -> None:
    result = cross_validate(run, Ridge(), X, VALUE, cv=4, scoring="r2")
    folds = entries(run.folder, "fold")
    assert [entry["step"] for entry in folds] == [1, 2, 3, 4]
    assert [entry["test_score"] for entry in folds] == list(result["test_score"])
    described = summary(run.folder)
    assert described["metrics"]["test_score"] == pytest.approx(result["test_score"].mean())
    assert described["metrics"]["test_score_std"] == pytest.approx(result["test_score"].std())
    assert described["params"]["cv"] == 4


def test_a_search_has_a_step_for_each_candidate_and_the_best(run: TrainingManager) -> None:
    search = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0, 10.0]}, cv=3).fit(X, VALUE)
    log_search(run, search)
    described = summary(run.folder)
    assert described["params"]["best.alpha"] == search.best_params_["alpha"]
    assert described["metrics"]["best_score"] == pytest.approx(search.best_score_)
    assert [entry["mean_test_score"] for entry in entries(run.folder, "candidate")] == pytest.approx(
        list(search.cv_results_["mean_test_score"])
    )
    table = json.loads((run.folder / "tables" / "candidates.json").read_text())
    assert [row[0] for row in table["rows"]] == [0.1, 1.0, 10.0]
