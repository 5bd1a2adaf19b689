"""XGBoost: `xgboost.train(…, callbacks=[TidebookCallback(run)])`, also in `cv` and the scikit-learn estimators."""

from __future__ import annotations

from typing import Any

import xgboost

from tidebook.runs import TrainingManager


class TidebookCallback(xgboost.callback.TrainingCallback):
    """Writes after each iteration the metrics of every evaluated data set, and at the end the best iteration.

    The name of the data set is the phase. XGBoost hands no parameters to callbacks: give them to `start_run`. In `cv`
    a metric has its mean and, as `{name}_std`, its deviation.
    """

    def __init__(self, run: TrainingManager, /) -> None:
        super().__init__()
        self._run = run

    def after_iteration(self, model: Any, epoch: int, evals_log: dict[str, dict[str, list[Any]]]) -> bool:
        """Called by XGBoost; never ends the training."""
        for phase, metrics in evals_log.items():
            values = {}
            for name, history in metrics.items():
                last = history[-1]
                if isinstance(last, tuple):
                    values[name], values[f"{name}_std"] = float(last[0]), float(last[1])
                else:
                    values[name] = float(last)
            self._run.log(values, step=epoch + 1, phase=phase)
        return False

    def after_training(self, model: Any) -> Any:
        """Called by XGBoost; notes where early stopping found the best iteration."""
        best = getattr(model, "attr", lambda _: None)("best_iteration")
        if best is not None:
            self._run.params(best_iteration=int(best) + 1)
        return model
