"""Small panels made by hand, and a context that remembers what a training told it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tidebook.abc import Checkpoint, State
from tidebook.algorithms import registry
from tidebook.algorithms.hyperparameters import build, schema
from tidebook.data.panel import Panel, SeriesKey
from tidebook.data.splits import Span

SMALL = {
    "seq_length": 14,
    "output_length": 7,
    "epochs": 2,
    "batch_size": 32,
    "positions": 7,
    "hidden_size": 8,
    "num_layers": 1,
    "patience": 5,
    "candidates": "seasonal_naive",
}


def panel(series: int = 3, days: int = 120, *, future: int = 0, seed: int = 0, closed: bool = True) -> Panel:
    """Weekly seasons with promotions, closed on every seventh day if `closed`; the last `future` days are to come."""
    random = np.random.default_rng(seed)
    total = days + future
    day = np.arange(total)
    opened = np.tile((day % 7 != 6) | (not closed), (series, 1)).astype(np.float32)
    promo = (random.random((series, total)) < 0.3).astype(np.float32)
    level = np.array([10.0, 1000.0, 50.0, 3.0, 700.0])[np.arange(series) % 5][:, None]
    sales = level * (1 + 0.3 * np.sin(2 * np.pi * day / 7) + 0.5 * promo + 0.05 * random.standard_normal(promo.shape))
    target = (sales * opened).astype(np.float32)
    target[:, days:] = 0
    mask = np.ones((series, total), dtype=np.bool_)
    mask[:, days:] = False
    return Panel(
        keys=tuple(SeriesKey("P001", f"S{i + 1:03}") for i in range(series)),
        dates=np.datetime64("2023-01-01", "D") + day,
        target=target,
        mask=mask,
        known=np.stack([opened, promo], axis=-1),
        known_names=("open", "promo"),
        past=random.standard_normal((series, total, 1)).astype(np.float32),
        past_names=("customers",),
        static=random.standard_normal((series, 1)).astype(np.float32),
        static_names=("size",),
        end=days,
        open_name="open",
        country="CN",
    )


def span(days: int = 120, *, part: int = 14) -> Span:
    """The last two parts of `part` days for validation and test."""
    return Span(0, days - 2 * part, days - part, days)


@dataclass
class Recorder:
    """A FitContext in memory."""

    device: str = "cpu"
    seed: int = 0
    deadline: float | None = None
    resume: Checkpoint | None = None
    members: Sequence[tuple[str, State]] = ()
    stop: Callable[[], bool] = lambda: False
    lines: list[str] = field(default_factory=list)
    reports: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    saved: list[tuple[int, dict[str, Any], bool]] = field(default_factory=list)

    def log(self, text: str) -> None:
        self.lines.append(text)

    def report(self, epoch: int, metrics: Mapping[str, float]) -> None:
        self.reports.append((epoch, dict(metrics)))

    def progress(self, *, epoch: int, epochs: int, step: int, steps: int, train_loss: float | None) -> None:
        self.steps.append({"epoch": epoch, "epochs": epochs, "step": step, "steps": steps, "train_loss": train_loss})

    def should_stop(self) -> bool:
        return self.stop()

    def save(self, epoch: int, content: Mapping[str, Any], metrics: Mapping[str, float], *, best: bool) -> None:
        self.saved.append((epoch, copy.deepcopy(dict(content)), best))


def small(name: str, **values: Any) -> Any:
    """Hyper-parameters of the algorithm `name` that train in a blink."""
    cls = registry.find(name).Hyperparameters
    return build(cls, {k: v for k, v in {**SMALL, **values}.items() if k in schema(cls)["properties"]})


def states(data: Panel, parts: Span) -> list[tuple[str, State]]:
    """Small models to make an ensemble of, each with an address."""
    fitted = [fit("seasonal_naive", data, parts, season=7), fit("lstm", data, parts, epochs=1)]
    return [
        (f"global/all/none/{state.config['model_type']}/v1", state) for state in (model.state() for model in fitted)
    ]


def fit(name: str, data: Panel, parts: Span, context: Recorder | None = None, **values: Any) -> Any:
    """A fitted model of the algorithm `name`; one that is made of members gets `states`."""
    algorithm = registry.find(name)
    context = context or Recorder()
    if algorithm.traits.members and not context.members:
        context.members = states(data, parts)
    return algorithm.fit(data, parts, small(name, **values), context)


def untimed(config: Mapping[str, Any]) -> dict[str, Any]:
    """`config` without how long things took."""
    table = [{**entry, "seconds": None} for entry in config.get("table", ())]
    return {**config, "table": table}
