"""Optuna: `study.optimize(…, callbacks=[StudyCallback(run)])`, or a run for each trial with `TrialCallback(…)`."""

from __future__ import annotations

import threading
from typing import Any

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from tidebook.integrations.values import parameters
from tidebook.records import labels
from tidebook.runs import TrainingManager
from tidebook.runs.start import start_run


class StudyCallback:
    """Writes a whole study into one run: a step per trial, the best parameters as `best.…`, and the table `trials`.

    `value` is the trial's objective, `best_value` the best so far; of several objectives `value_0`, `value_1`, ….
    From the thousandth trial on the table is renewed at every hundredth.
    """

    def __init__(self, run: TrainingManager, /) -> None:
        self._run = run
        self._lock = threading.Lock()
        self._trials: list[FrozenTrial] = []
        self._best = -1

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Called by Optuna after each trial."""
        with self._lock:
            if not self._trials:
                self._run.params(study=study.study_name, direction=_direction(study))
            self._trials.append(trial)
            values = _values(trial)
            best = _best(study) if len(study.directions) == 1 and values else None
            if best is not None:
                values["best_value"] = float(best.values[0])
                if best.number != self._best:
                    self._best = best.number
                    self._run.params(best=parameters(best.params))
            if values:
                self._run.log(values, step=trial.number)
            if len(self._trials) < 1000 or len(self._trials) % 100 == 0:
                self._table(len(study.directions))

    def _table(self, objectives: int) -> None:
        names = sorted({name for trial in self._trials for name in trial.params})
        values = ["value"] if objectives == 1 else [f"value_{i}" for i in range(objectives)]
        rows = [
            [
                trial.number,
                trial.state.name.lower(),
                *(trial.values or [None] * objectives),
                *(parameters(trial.params).get(name) for name in names),
            ]
            for trial in self._trials
        ]
        self._run.log_table("trials", ["number", "state", *values, *names], rows)


class TrialCallback:
    """Makes a run of each trial: its parameters, intermediate values and value, tagged with the study and the number.

    Takes the arguments of `tidebook.start_run`. A failed trial is a failed run; a pruned one has the tag
    `state = pruned`.
    """

    def __init__(self, **start: Any) -> None:
        self._start = start

    def __call__(self, study: Study, trial: FrozenTrial) -> None:
        """Called by Optuna after each trial."""
        start = {"resources": False, "context": False, **self._start}
        tags = {
            **(start.pop("tags", None) or {}),
            "study": study.study_name[: labels.MAX_VALUE],
            "trial": str(trial.number),
            "state": trial.state.name.lower(),
        }
        with start_run(**start, tags=tags) as run:
            run.params(**{**parameters(trial.params), "direction": _direction(study)})
            for step, value in sorted(trial.intermediate_values.items()):
                run.log(intermediate=float(value), step=step)
            values = _values(trial)
            if trial.duration is not None:
                values["trial_seconds"] = trial.duration.total_seconds()
            if values:
                run.log(values)
            if trial.state is TrialState.FAIL:
                run.finish("failed", "the trial failed")


def _values(trial: FrozenTrial) -> dict[str, float]:
    # A pruned trial has a value too: the last intermediate one, which is not to be compared with the others.
    values = (trial.values or []) if trial.state is TrialState.COMPLETE else []
    if len(values) == 1:
        return {"value": float(values[0])}
    return {f"value_{i}": float(value) for i, value in enumerate(values)}


def _best(study: Study) -> FrozenTrial | None:
    """The best trial so far; None where none keeps to the constraints."""
    try:
        return study.best_trial
    except ValueError:
        return None


def _direction(study: Study) -> str:
    return ", ".join("maximize" if each is StudyDirection.MAXIMIZE else "minimize" for each in study.directions)
