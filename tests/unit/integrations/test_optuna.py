from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.integrations.reading import entries
from tidebook.runs import TrainingManager
from tidebook.runs.record import summary

pytest.importorskip("optuna", reason="Optuna is not installed")

import optuna

from tidebook.integrations.optuna import StudyCallback, TrialCallback


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def objective(trial: optuna.Trial) -> float:
    x = trial.suggest_float("x", -2, 2)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    for step in range(3):
        trial.report(x**2 + step, step)
    if trial.number == 2:
        raise optuna.TrialPruned
    if trial.number == 3:
        raise ValueError("broken on purpose")
    return float(x**2) + (kind == "b")


def study() -> optuna.Study:
    return optuna.create_study(study_name="parabola", sampler=optuna.samplers.RandomSampler(seed=1))


def test_a_study_is_a_run_with_a_step_for_each_trial(run: TrainingManager) -> None:
    made = study()
    made.optimize(objective, n_trials=6, callbacks=[StudyCallback(run)], catch=ValueError)
    logged = [entry for entry in entries(run.folder) if "value" in entry]
    completed = [trial for trial in made.trials if trial.state is optuna.trial.TrialState.COMPLETE]
    assert [(entry["step"], entry["value"]) for entry in logged] == [(t.number, t.value) for t in completed]
    described = summary(run.folder)
    assert described["metrics"]["best_value"] == made.best_value
    assert described["params"]["best.x"] == made.best_params["x"]
    assert (described["params"]["study"], described["params"]["direction"]) == ("parabola", "minimize")
    table = json.loads((run.folder / "tables" / "trials.json").read_text())
    assert table["columns"] == ["number", "state", "value", "kind", "x"]
    assert [row[1] for row in table["rows"]] == ["complete", "complete", "pruned", "fail", "complete", "complete"]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning", "ignore:`constraints_func`:FutureWarning")
def test_a_study_in_which_no_trial_keeps_to_the_constraints_goes_on(run: TrainingManager) -> None:
    sampler = optuna.samplers.NSGAIISampler(seed=1, constraints_func=lambda trial: [1.0 - trial.number])
    made = optuna.create_study(sampler=sampler)
    made.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3, callbacks=[StudyCallback(run)])
    logged = entries(run.folder)
    assert ["best_value" in entry for entry in logged] == [False, True, True]
    assert logged[1]["best_value"] == logged[1]["value"]


def test_a_study_of_a_very_long_name_has_runs_too(out: Path) -> None:
    made = optuna.create_study(study_name="s" * 1000)
    made.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1, callbacks=[TrialCallback(output_dir=out)])
    [folder] = out.iterdir()
    assert summary(folder)["tags"]["study"] == "s" * 500


def test_a_study_of_several_objectives_has_a_value_of_each(run: TrainingManager) -> None:
    made = optuna.create_study(directions=["minimize", "maximize"])
    made.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 2.0), n_trials=2, callbacks=[StudyCallback(run)])
    assert summary(run.folder)["params"]["direction"] == "minimize, maximize"
    assert entries(run.folder)[0]["value_1"] == 2.0


def test_a_trial_may_be_a_run_of_its_own(out: Path) -> None:
    callback = TrialCallback(project="tuning", tags={"team": "east"}, output_dir=out)
    made = study()
    made.optimize(objective, n_trials=5, callbacks=[callback], catch=ValueError)
    runs = sorted((summary(folder) for folder in out.iterdir()), key=lambda run: int(run["tags"]["trial"]))
    assert [run["status"] for run in runs] == ["completed", "completed", "completed", "failed", "completed"]
    assert [run["tags"]["state"] for run in runs] == ["complete", "complete", "pruned", "fail", "complete"]
    assert {(run["project"], run["tags"]["team"], run["tags"]["study"]) for run in runs} == {
        ("tuning", "east", "parabola")
    }
    first, trial = runs[0], made.trials[0]
    assert first["params"]["x"] == trial.params["x"]
    assert first["metrics"]["value"] == trial.value
    assert "value" not in runs[2]["metrics"]
    steps = [entry["step"] for entry in entries(Path(first["folder"])) if "intermediate" in entry]
    assert steps == [0, 1, 2]
