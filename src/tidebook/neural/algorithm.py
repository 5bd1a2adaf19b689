"""A neural algorithm: made from a dataclass and an `nn.Module`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from tidebook.abc import Fitted, Forecast, State, Traits
from tidebook.algorithms.validation import validation
from tidebook.core.arrays import I64
from tidebook.core.errors import DataFault
from tidebook.neural.cut import cut
from tidebook.neural.decoding import decode
from tidebook.neural.hyperparameters import NeuralHyperparameters
from tidebook.neural.loop import Trained, train
from tidebook.neural.loss import Objective
from tidebook.neural.schema import Schema
from tidebook.neural.tables import Tables
from tidebook.neural.windows import Layout

if TYPE_CHECKING:
    from tidebook.abc import FitContext
    from tidebook.data.panel import Panel
    from tidebook.data.splits import Span


LOSS_FUNCTIONS = {
    "mae": "L1Loss",
    "scaled": "ScaledL1Loss",
    "huber": "HuberLoss",
    "mse": "MSELoss",
    "quantile": "PinballLoss",
    "poisson": "PoissonNLLLoss",
    "tweedie": "TweedieDeviance",
}


@dataclass(frozen=True)
class NeuralAlgorithm:
    """An Algorithm made from an `nn.Module`.

    The module's constructor takes by name what it needs of these: input_size (P), known_size (K), earlier_size (how
    many of the last known columns are earlier values of the target), static_size (S), output_length (O), output_size
    (Q), positions (N), and any hyper-parameter. Its `forward(past[B, L, P], known[B, L + O, K], static[B, S]) ->
    [B, N, O, Q]` forecasts, in the window's units, from the last N positions of the window; N is 1 unless the module
    is training and takes `positions`. The days after position p are known[:, p + 1 : p + 1 + O]. A Forecaster (see
    neural.forecaster) gives an encoder alone; one that is Carrying, too, decodes without reading the window again.
    """

    name: str
    Hyperparameters: type
    module: Callable[..., nn.Module]
    traits: Traits

    def fit(self, panel: Panel, span: Span, hyperparameters: Any, context: FitContext) -> Fitted:
        """Trains on the train part; the epoch with the lowest validation loss is kept."""
        model, layout, config = _train(self.module, panel, span, asdict(hyperparameters), context)
        config = {"model_type": self.name, **config}
        fitted = NeuralFitted(model, layout, Objective(config["loss"], layout.departures), config, context.device)
        config["validation"] = validation(fitted, panel, span)
        return fitted

    def load(self, state: State) -> Fitted:
        """The model of `state`, on the CPU."""
        config = state.config
        try:
            schema = Schema.from_json(config["covariates"], config["scalers"])
            departures = config.get("target") == "departure"
            layout = Layout(int(config["seq_length"]), int(config["output_length"]), schema, departures)
            objective = Objective(config["loss"], departures)
            model = self.module(**_arguments(_taken(self.module), config))
            model.load_state_dict(state.weights)
        except (KeyError, TypeError, RuntimeError) as error:
            raise DataFault(
                f"The state must be one that {self.name} was saved with",
                got=f"{type(error).__name__}: {str(error).splitlines()[0][:200]}",
                fix="Take config and weights of the same run.",
            ) from error
        return NeuralFitted(model, layout, objective, config, "cpu")


class NeuralFitted:
    """A trained module and what it takes to forecast with it."""

    def __init__(
        self, model: nn.Module, layout: Layout, objective: Objective, config: dict[str, Any], device: str
    ) -> None:
        self._model = model.eval()
        self._layout = layout
        self._objective = objective
        self._config = config
        self._device = device

    def forecast(self, panel: Panel, series: I64, origin: I64, horizon: int, *, cached: bool = True) -> Forecast:
        """See abc.Fitted. All pairs in one batch, in chunks that fit into memory; for `cached` see decoding.decode."""
        needed, position = np.unique(series, return_inverse=True)
        first = max(0, int(origin.min()) - self._layout.look_back - self._layout.reach)
        part = cut(panel, first, min(panel.days, int(origin.max()) + horizon))
        if len(needed) < len(panel.keys):
            part = part.select(needed.tolist())
        tables = Tables.of(part, self._layout.schema, self._device)
        values = decode(
            self._model,
            tables,
            self._layout,
            self._objective,
            torch.from_numpy(position).to(self._device),
            torch.from_numpy(origin - first).to(self._device),
            horizon,
            cached=cached,
        )
        return Forecast(values.cpu().numpy(), tuple(self._config["quantiles"]))

    def state(self) -> State:
        """Weights on the CPU, and the config that stands in model/config.json."""
        return State(config=dict(self._config), weights=_weights(self._model))


def train_module(
    module: Callable[..., nn.Module], panel: Panel, span: Span, hyperparameters: Mapping[str, Any], context: FitContext
) -> dict[str, Any]:
    """`{config, model_state_dict}` of a module trained as `NeuralAlgorithm` trains it.

    For trainers of one's own (see algorithms.adapters): `hyperparameters` are plain values by name, those of
    NeuralHyperparameters among them.
    """
    model, _, config = _train(module, panel, span, dict(hyperparameters), context)
    return {"config": config, "model_state_dict": _weights(model)}


def _train(
    module: Callable[..., nn.Module], panel: Panel, span: Span, values: dict[str, Any], context: FitContext
) -> tuple[nn.Module, Layout, dict[str, Any]]:
    """The trained module, its windows, and the config that rebuilds it."""
    settings = NeuralHyperparameters(**{field.name: values[field.name] for field in fields(NeuralHyperparameters)})
    with torch.random.fork_rng(devices=[context.device] if context.device.startswith("cuda") else []):
        torch.manual_seed(context.seed)
        seen = cut(panel, 0, span.validation_end)
        schema = Schema.fit(seen, span, settings)
        layout = Layout(settings.seq_length, settings.output_length, schema, settings.target == "departure")
        taken = _taken(module)
        positions = settings.positions if "positions" in taken else 1
        sizes = {
            "input_size": len(layout.past_names),
            "known_size": len(layout.known_names),
            "earlier_size": len(layout.earlier_names),
            "static_size": len(layout.static_names),
            "output_size": len(Objective(settings.loss).quantiles),
        }
        model = module(**_arguments(taken, {**values, **sizes})).to(context.device)
        tables = Tables.of(seen, schema, context.device)
        trained = train(model, tables, layout, span, settings, positions, context)
    config = {
        **sizes,
        **values,
        "feature_names": list(layout.past_names),
        "known_feature_names": list(layout.known_names),
        "static_feature_names": list(layout.static_names),
        "quantiles": list(Objective(settings.loss).quantiles),
        "covariates": schema.columns(),
        "scalers": schema.scalers(),
        "training": _training_args(values, trained),
    }
    return model, layout, config


def _weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def _taken(module: Callable[..., nn.Module]) -> frozenset[str]:
    return frozenset(inspect.signature(module).parameters)


def _arguments(taken: frozenset[str], values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in taken}


def _training_args(values: dict[str, Any], trained: Trained) -> dict[str, Any]:
    """The content of model/training_args.json."""
    return {
        "epochs": values["epochs"],
        "batch_size": trained.batch_size,
        "learning_rate": values["learning_rate"],
        "optimizer": "AdamW",
        "loss_function": LOSS_FUNCTIONS[values["loss"]],
        "train_samples": trained.train_windows,
        "val_samples": trained.val_windows,
        "best_val_loss": trained.best_val_loss,
        "best_epoch": trained.best_epoch,
        "total_epochs_trained": trained.epochs,
        "stopped": trained.stopped,
    }
