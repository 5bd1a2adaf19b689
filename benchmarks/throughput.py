"""Training speed of each architecture beside what its arithmetic would take at the speed of a large matrix product."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.context import Quiet
from benchmarks.measure import Figure
from benchmarks.panels import shops
from tidebook.algorithms import registry
from tidebook.algorithms.hyperparameters import build, schema
from tidebook.data.splits import Span

NAMES = ("lstm", "gru", "mlstm", "kan", "tcn", "transformer")
LOOK_BACK, OUTPUT, POSITIONS, BATCH, WINDOWS = 112, 28, 28, 64, 1280
SETTINGS = {
    "seq_length": LOOK_BACK,
    "output_length": OUTPUT,
    "positions": POSITIONS,
    "epochs": 2,
    "epoch_windows": WINDOWS,
    "batch_size": BATCH,
    "hidden_size": 64,
    "num_layers": 2,
}
GATES = {"lstm": 4, "gru": 3}


def measure() -> list[Figure]:
    """Milliseconds per step of 64 windows, each a look-back of 112 days with 28 origins of 28 days."""
    panel, gflops = shops(100, 900), _matrix_speed()
    span = Span(0, 844, 872, 900)
    figures = [Figure("matrix product of 1024 × 1024, float32", gflops, "GFLOP/s", None, "", None)]
    for name in NAMES:
        algorithm = registry.find(name)
        known = schema(algorithm.Hyperparameters)["properties"]
        chosen: Any = build(algorithm.Hyperparameters, {key: value for key, value in SETTINGS.items() if key in known})
        context = Quiet()
        with FlopCounterMode(display=False) as counted:
            algorithm.fit(panel, span, build(type(chosen), {**vars(chosen), "epochs": 1}), Quiet())
        algorithm.fit(panel, span, chosen, context)
        steps = WINDOWS // BATCH
        work = counted.get_total_flops() / steps / 1e9 + _recurrent(name, chosen)
        took = 1000 * context.epochs[-1]["seconds"] / steps
        bound = 1000 * work / gflops
        speed = f"{BATCH * 1000 / took:,.0f} windows/s"
        figures.append(Figure(f"{name}: a step ({speed})", took, "ms", None, "bound", bound))
    return figures


def _recurrent(name: str, chosen: object) -> float:
    """GFLOP of the recurrent layers of a step, forward and backward, which the counter does not know."""
    if name not in GATES:
        return 0.0
    hidden, layers = vars(chosen)["hidden_size"], vars(chosen)["num_layers"]
    inputs = 30 + (layers - 1) * hidden  # about the columns of the past, then the layer below
    products = GATES[name] * hidden * (inputs + layers * hidden)
    return float(3 * 2 * products * BATCH * (LOOK_BACK + POSITIONS - 1) / 1e9)


def _matrix_speed() -> float:
    one = torch.randn(1024, 1024)
    one @ one
    started = time.perf_counter()
    for _ in range(20):
        one @ one
    return 20 * 2 * 1024**3 / (time.perf_counter() - started) / 1e9
