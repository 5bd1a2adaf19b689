"""scikit-learn: the parameters and scores of estimators, cross-validations and searches.

run = tidebook.start_run(project="churn")
log_estimator(run, model.fit(X, y), X_test, y_test)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import sklearn.base
import sklearn.model_selection
from sklearn import metrics

from tidebook.integrations.values import numbers, parameters
from tidebook.runs import TrainingManager

Scorer = Callable[[Any, Any, Any], float]


def log_estimator(
    run: TrainingManager,
    estimator: Any,
    X: Any = None,
    y: Any = None,
    *,
    phase: str = "test",
    scoring: Mapping[str, Scorer] | None = None,
) -> dict[str, float]:
    """Writes the parameters of a fitted estimator, and its scores on `X` and `y` where they are given.

    Classifiers get accuracy, precision, recall and f1 (means weighted by class) and, where they tell probabilities,
    log_loss and roc_auc; regressors mae, rmse and r2; others what their `score` says. `scoring` adds scorers by name.
    Returns the scores.
    """
    run.params(**_described(estimator))
    if X is None:
        return {}
    scores = _scores(estimator, X, y) | {name: float(each(estimator, X, y)) for name, each in (scoring or {}).items()}
    if scores:
        run.log(scores, phase=phase)
    return scores


def cross_validate(run: TrainingManager, estimator: Any, X: Any, y: Any = None, **options: Any) -> dict[str, Any]:
    """`sklearn.model_selection.cross_validate`, each fold a step of phase `fold`, the mean and deviation at the end.

    The mean of `test_score` is the metric `test_score`, its deviation `test_score_std`. Returns what scikit-learn does.
    """
    run.params(**_described(estimator), cv=parameters({"cv": options.get("cv", 5)})["cv"])
    result: dict[str, Any] = sklearn.model_selection.cross_validate(estimator, X, y, **options)
    series = {name: np.asarray(values) for name, values in result.items() if np.asarray(values).dtype.kind == "f"}
    for fold in range(len(next(iter(series.values()), ()))):
        run.log({name: float(values[fold]) for name, values in series.items()}, step=fold + 1, phase="fold")
    means = {name: float(values.mean()) for name, values in series.items()}
    deviations = {f"{name}_std": float(values.std()) for name, values in series.items()}
    run.log(means | deviations)
    return result


def log_search(run: TrainingManager, search: Any) -> None:
    """Writes a fitted GridSearchCV or its like: a step per candidate, the best parameters, the table `candidates`."""
    results: Mapping[str, Any] = search.cv_results_
    candidates: Sequence[Mapping[str, Any]] = results["params"]
    scored = [name for name in results if name.startswith(("mean_test_", "std_test_", "mean_train_"))]
    for step in range(len(candidates)):
        run.log(numbers({name: results[name][step] for name in scored}), step=step, phase="candidate")
    run.params(**_described(search.estimator), search=type(search).__name__)
    if hasattr(search, "best_params_"):
        run.params(best=parameters(search.best_params_))
    if hasattr(search, "best_score_"):
        run.log(best_score=float(search.best_score_))
    names = sorted({name for candidate in candidates for name in candidate})
    rows = [
        [*(parameters(candidate).get(name) for name in names), *(float(results[name][step]) for name in scored)]
        for step, candidate in enumerate(candidates)
    ]
    run.log_table("candidates", [*names, *scored], rows)


def _described(estimator: Any) -> dict[str, Any]:
    return {"estimator": type(estimator).__name__, **parameters(estimator.get_params(deep=True))}


def _scores(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    if sklearn.base.is_classifier(estimator):
        return _classified(estimator, X, y)
    if sklearn.base.is_regressor(estimator):
        predicted = estimator.predict(X)
        return {
            "mae": float(metrics.mean_absolute_error(y, predicted)),
            "rmse": float(metrics.root_mean_squared_error(y, predicted)),
            "r2": float(metrics.r2_score(y, predicted)),
        }
    return {"score": float(estimator.score(X, y))} if hasattr(estimator, "score") else {}


def _classified(estimator: Any, X: Any, y: Any) -> dict[str, float]:
    predicted = estimator.predict(X)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        y, predicted, average="weighted", zero_division=0
    )
    scores = {
        "accuracy": float(metrics.accuracy_score(y, predicted)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
    }
    present = np.unique(y)
    if hasattr(estimator, "predict_proba") and np.array_equal(present, estimator.classes_):
        probability = estimator.predict_proba(X)
        scores["log_loss"] = float(metrics.log_loss(y, probability, labels=estimator.classes_))
        two = len(present) == 2
        scores["roc_auc"] = float(
            metrics.roc_auc_score(y, probability[:, 1] if two else probability, multi_class="ovr")
        )
    return scores
