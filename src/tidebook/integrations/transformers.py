"""Hugging Face transformers: `Trainer(…, callbacks=[TidebookCallback(run)])`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tidebook.integrations.own import OwnRun
from tidebook.integrations.values import numbers, parameters
from tidebook.runs import TrainingManager

_PHASES = ("eval", "test")


class TidebookCallback(TrainerCallback):
    """Writes what the Trainer logs, its arguments and the model's configuration.

    `eval_loss` is `loss` of phase `eval`, `test_loss` that of phase `test`; the rest is of phase train. Without a run
    it starts one with the arguments of `tidebook.start_run`, in the main process only, and ends it.
    """

    def __init__(self, run: TrainingManager | None = None, /, **start: Any) -> None:
        self._own = OwnRun(run, start)
        self._ended = False

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **objects: Any
    ) -> None:
        """Notes what is trained, and how."""
        if not state.is_world_process_zero:
            return
        self._ended = False
        config: Any = getattr(objects.get("model"), "config", None)
        self._own.get().params(
            **parameters(args.to_sanitized_dict()),
            **({"model": parameters(config.to_diff_dict())} if hasattr(config, "to_diff_dict") else {}),
        )

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **objects: Any,
    ) -> None:
        """Adds entries to the run's metrics, one for each phase."""
        if not state.is_world_process_zero:
            return
        phases: dict[str, dict[str, float]] = {}
        for name, value in numbers(logs or {}).items():
            if name != "epoch":
                phase, _, rest = name.partition("_")
                phase, rest = (phase, rest) if phase in _PHASES and rest else ("train", name)
                phases.setdefault(phase, {})[rest] = value
        for phase, values in phases.items():
            self._own.get().log(values, step=state.global_step, epoch=state.epoch, phase=phase)
        if self._ended:  # An evaluation after the training, which opened the run again.
            self._own.finish()

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **objects: Any
    ) -> None:
        """Ends a run of its own; what an evaluation finds afterwards is added to it."""
        self._ended = True
        self._own.finish()
