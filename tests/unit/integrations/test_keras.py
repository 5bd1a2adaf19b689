from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.integrations.reading import entries, only_run
from tidebook.runs import TrainingManager
from tidebook.runs.record import summary

os.environ["KERAS_BACKEND"] = "torch"
keras = pytest.importorskip("keras", reason="Keras is not installed")

from tidebook.integrations.keras import TidebookCallback  # noqa: E402

# Keras reads torch's parameters in a way that NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
X, Y = np.random.default_rng(0).normal(size=(32, 3)).astype("float32"), np.ones((32, 1), dtype="float32")


def model() -> Any:
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    made.compile(optimizer=keras.optimizers.SGD(learning_rate=0.125), loss="mse", metrics=["mae"])
    return made


def test_each_epoch_is_an_entry_with_the_validation_beside_the_training(run: TrainingManager) -> None:
    history = model().fit(
        X, Y, epochs=3, batch_size=16, validation_split=0.25, verbose=0, callbacks=[TidebookCallback(run)]
    )
    logged = entries(run.folder)
    assert [(entry["epoch"], entry["step"]) for entry in logged] == [(1, 1), (2, 2), (3, 3)]
    for name in ("loss", "mae", "val_loss", "val_mae"):
        assert [entry[name] for entry in logged] == pytest.approx(history.history[name])
    params = summary(run.folder)["params"]
    assert params["optimizer.learning_rate"] == 0.125
    assert (params["loss"], params["epochs"], params["weights"]) == ("mse", 3, 4)
    assert run.status != "completed", "a run that was given is not ended by the callback"


def test_batches_and_evaluations_have_phases_of_their_own(run: TrainingManager) -> None:
    callback = TidebookCallback(run, every=2)
    trained = model()
    trained.fit(X, Y, epochs=2, batch_size=8, verbose=0, callbacks=[callback])
    scores = trained.evaluate(X, Y, verbose=0, return_dict=True, callbacks=[callback])
    assert [entry["step"] for entry in entries(run.folder, "batch")] == [2, 4, 6, 8]
    (tested,) = entries(run.folder, "test")
    assert tested["loss"] == pytest.approx(scores["loss"])


def test_without_a_run_each_fit_makes_one_and_ends_it(out: Path) -> None:
    callback = TidebookCallback(project="east", output_dir=out, context=False, resources=False)
    model().fit(X, Y, epochs=1, verbose=0, callbacks=[callback])
    first = only_run(out)
    assert (first["status"], first["project"]) == ("completed", "east")
    assert first["metrics"]["loss"] > 0
    model().fit(X, Y, epochs=1, verbose=0, callbacks=[callback])
    assert len(list(out.iterdir())) == 2
