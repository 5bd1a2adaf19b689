"""LightGBM: `lightgbm.train(…, callbacks=[TidebookCallback(run)])`, also in `cv` and the scikit-learn estimators."""

from __future__ import annotations

from typing import Any

from tidebook.integrations.values import parameters
from tidebook.runs import TrainingManager


class TidebookCallback:
    """Writes the parameters, and after each iteration the metrics of every evaluated data set.

    The name of the data set is the phase; `training` is phase train. In `cv` a metric has its mean and, as
    `{name}_std`, its deviation.
    """

    order = 25  # after early stopping's own look, and before it ends the training
    before_iteration = False

    def __init__(self, run: TrainingManager, /) -> None:
        self._run = run

    def __call__(self, env: Any) -> None:
        """Called by LightGBM after each iteration, with a `CallbackEnv`."""
        if env.iteration == env.begin_iteration:
            self._run.params(**parameters({**env.params, "num_iterations": env.end_iteration - env.begin_iteration}))
        phases: dict[str, dict[str, float]] = {}
        for data, name, value, _, *deviation in env.evaluation_result_list or ():
            phase = phases.setdefault("train" if data == "training" else data, {})
            phase[name] = float(value)
            if deviation:
                phase[f"{name}_std"] = float(deviation[0])
        for phase_name, values in phases.items():
            self._run.log(values, step=env.iteration + 1, phase=phase_name)
