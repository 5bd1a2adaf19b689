"""Keras 3: `model.fit(…, callbacks=[TidebookCallback(run)])`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from tidebook.integrations.own import OwnRun
from tidebook.integrations.values import numbers, parameters
from tidebook.runs import TrainingManager


class TidebookCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes each epoch's metrics, the optimizer's configuration and the model's size.

    With `every`, also the metrics of every so many batches, as phase `batch`. What `model.evaluate` finds goes into the
    given run as phase `test`. Without a run it starts one for each `fit`, with the arguments of `tidebook.start_run`,
    and ends it.
    """

    def __init__(self, run: TrainingManager | None = None, /, *, every: int | None = None, **start: Any) -> None:
        super().__init__()
        self._given, self._start, self._every = run, start, every
        self._own = OwnRun(run, start)
        self._fitting = False
        self._batches = 0

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Notes what is trained."""
        self._own = OwnRun(self._given, self._start)
        self._fitting = True
        optimizer = self.model.optimizer
        self._own.get().params(
            epochs=self.params.get("epochs"),
            steps_per_epoch=self.params.get("steps"),
            model=self.model.name,
            weights=self.model.count_params() if self.model.built else None,
            loss=_name(self.model.loss),
            optimizer=None if optimizer is None else parameters(optimizer.get_config()),
        )

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Writes the metrics of a batch where asked for."""
        self._batches += 1
        if self._every is not None and self._batches % self._every == 0:
            self._own.get().log(numbers(logs or {}), step=self._batches, phase="batch")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Writes the metrics of an epoch, counted from 1."""
        self._own.get().log(numbers(logs or {}), step=epoch + 1, epoch=epoch + 1)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Ends a run of its own."""
        self._fitting = False
        self._own.finish()

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Writes what an evaluation found; the validation within `fit` is in the epoch's metrics."""
        if not self._fitting and self._given is not None:
            self._given.log(numbers(logs or {}), phase="test")


def _name(loss: Any) -> Any:
    return loss if loss is None or isinstance(loss, str) else getattr(loss, "name", None) or repr(loss)
