"""The plug-in words `register_trainer` and `register_predictor`, on the one interface that there is.

A trainer is a function `train(panel, span, hyperparameters, context)` that returns a checkpoint: a mapping with
`model_state_dict` (tensors by name) and `config` (plain values; all that rebuilds the model). A predictor is a function
`predict(checkpoint, panel, series, origin, horizon)` that returns values [B, H] or [B, H, Q] in original units; its
checkpoint also holds the `algorithm` that it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.abc import Forecast, State, Traits
from tidebook.algorithms.validation import validation
from tidebook.core.arrays import F32, I64
from tidebook.core.errors import InvalidInput, NotFound

if TYPE_CHECKING:
    from torch import nn

    from tidebook.abc import Algorithm, FitContext, Fitted
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span

Checkpoint = Mapping[str, Any]
Trainer = Callable[["Panel", "Span", dict[str, Any], "FitContext"], Checkpoint]
Predictor = Callable[[Checkpoint, "Panel", I64, I64, int], F32]


@dataclass
class Registered:
    """An Algorithm made from a trainer and, once registered, a predictor."""

    name: str
    Hyperparameters: type
    traits: Traits
    trainer: Trainer
    model: Callable[..., nn.Module] | None  #: what default_pytorch_predictor rebuilds
    predictor: Predictor | None = None

    def fit(self, panel: Panel, span: Span, hyperparameters: Any, context: FitContext) -> Fitted:
        """Runs the trainer."""
        checkpoint = dict(self.trainer(panel, span, asdict(hyperparameters), context))
        missing = [key for key in ("config", "model_state_dict") if key not in checkpoint]
        if missing:
            raise InvalidInput(
                f"The trainer of {self.name} must return a mapping with config and model_state_dict",
                got=f"one without {' and '.join(missing)}",
                fix="Return {'config': …, 'model_state_dict': model.state_dict()}.",
            )
        config = {**asdict(hyperparameters), **checkpoint["config"], "model_type": self.name}
        fitted = RegisteredFitted(self, State(config, dict(checkpoint["model_state_dict"])))
        config.setdefault("validation", validation(fitted, panel, span))
        return fitted

    def load(self, state: State) -> Fitted:
        """The model of `state`."""
        return RegisteredFitted(self, state)


class RegisteredFitted:
    """A checkpoint and the predictor that reads it."""

    def __init__(self, algorithm: Registered, state: State) -> None:
        self._algorithm = algorithm
        self._state = state

    def forecast(self, panel: Panel, series: I64, origin: I64, horizon: int) -> Forecast:
        """See abc.Fitted."""
        predict = self._algorithm.predictor
        if predict is None:
            raise NotFound(
                f"The algorithm {self._algorithm.name} must have a predictor",
                got="none registered",
                fix=f"Call register_predictor({self._algorithm.name!r}, default_pytorch_predictor) in its file.",
            )
        checkpoint = {
            "config": self._state.config,
            "model_state_dict": self._state.weights,
            "algorithm": self._algorithm,
        }
        values = np.asarray(predict(checkpoint, panel, series, origin, horizon), dtype=np.float32)
        if values.ndim == 2:
            values = values[:, :, None]
        if values.shape[:2] != (len(series), horizon):
            raise InvalidInput(
                f"The predictor of {self._algorithm.name} must return [{len(series)}, {horizon}] values",
                got=str(values.shape),
                fix="Return one row for each pair of series and origin, one column for each day.",
            )
        return Forecast(values, tuple(self._state.config.get("quantiles", (0.5,))))

    def state(self) -> State:
        """The checkpoint's."""
        return self._state


_everywhere: dict[str, Registered] = {}
_collected: ContextVar[dict[str, Registered]] = ContextVar("_collected", default=_everywhere)


def register_trainer(
    name: str,
    trainer: Trainer,
    *,
    model: Callable[..., nn.Module] | None = None,
    hyperparameters: type | None = None,
    title: str = "",
    description: str = "",
    description_zh: str = "",
    tag_type: str = "info",
) -> None:
    """Adds the algorithm `name`.

    `model` is the module's class, for default_pytorch_predictor; `hyperparameters` a dataclass, by default that
    of every neural algorithm. The rest is how it is presented.
    """
    if hyperparameters is None:
        from tidebook.neural.hyperparameters import NeuralHyperparameters

        hyperparameters = NeuralHyperparameters
    title = title or name
    traits = Traits(
        title=title,
        description=description or f"{title}, a plug-in.",
        description_zh=description_zh or f"{title}，插件算法。",
        tag_type=tag_type,
        neural=True,
        known_future=True,
        past=True,
    )
    _collected.get()[name] = Registered(name, hyperparameters, traits, trainer, model)


def register_predictor(name: str, predictor: Predictor) -> None:
    """Says how the algorithm `name`, whose trainer is registered, forecasts."""
    made = _collected.get()
    if name not in made:
        raise NotFound(
            "A predictor must belong to a registered trainer",
            got=name,
            fix=f"Call register_trainer({name!r}, …) first.",
        )
    made[name].predictor = predictor


def default_pytorch_predictor(checkpoint: Checkpoint, panel: Panel, series: I64, origin: I64, horizon: int) -> F32:
    """[B, H]: forecasts of a module that was trained with `tidebook.neural.algorithm.NeuralAlgorithm`'s windows.

    The module's class is that of the registered trainer; its sizes come from the config.
    """
    from tidebook.neural.algorithm import NeuralAlgorithm

    algorithm: Registered = checkpoint["algorithm"]
    if algorithm.model is None:
        raise NotFound(
            f"default_pytorch_predictor needs the module of {algorithm.name}",
            got="register_trainer without model",
            fix=f"Call register_trainer({algorithm.name!r}, …, model=YourModule).",
        )
    neural = NeuralAlgorithm(algorithm.name, algorithm.Hyperparameters, algorithm.model, algorithm.traits)
    state = State(dict(checkpoint["config"]), dict(checkpoint["model_state_dict"]))
    return neural.load(state).forecast(panel, series, origin, horizon).point


def load_model_and_predict(model_path: str | Path, panel: Panel, horizon: int, *, plugins: Path | None = None) -> F32:
    """[S, H]: the `horizon` days after the panel's history, by the model in the file `model_path` (a `model.pth`).

    The panel must reach to `end` + `horizon`.
    """
    from tidebook import checkpoint
    from tidebook.algorithms import registry

    name, state = checkpoint.load_state(Path(model_path))
    series = np.arange(len(panel.keys), dtype=np.int64)
    origin = np.full(len(series), panel.end, dtype=np.int64)
    return registry.find(name, plugins).load(state).forecast(panel, series, origin, horizon).point


def registered() -> Mapping[str, Algorithm]:
    """What was registered in this process outside of plug-in files."""
    return _everywhere


@contextmanager
def collecting() -> Iterator[dict[str, Registered]]:
    """Within, what is registered goes into the mapping that is given, and nowhere else."""
    made: dict[str, Registered] = {}
    token = _collected.set(made)
    try:
        yield made
    finally:
        _collected.reset(token)
