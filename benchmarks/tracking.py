"""Recording a run: calls of `run.log`, what they cost a training loop, how fast runs are made.

TIDEBOOK_TRACKING_PEERS names a Python with mlflow and trackio; without it only ours is measured.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import tidebook
from benchmarks.measure import Figure
from tidebook.runs import TrainingManager

CALLS = 200_000
RUNS = 500
PARAMS = {f"param_{number}": number for number in range(20)}
METRICS = {f"metric_{number}": float(number) for number in range(20)}
PAIRS = 40  #: of stretches of training with and without logging
STEPS = 25  #: of a stretch
MLFLOW = """
import json, os, sys, time
import mlflow
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient
client = MlflowClient("sqlite:///" + os.path.join(sys.argv[1], "mlflow.db"))
experiment = client.create_experiment("bench")
run = client.create_run(experiment).info.run_id
client.log_metric(run, "loss", 0.5, step=0)
began = time.perf_counter()
for step in range(200):
    client.log_metric(run, "loss", 0.5, step=step)
calls = 200 / (time.perf_counter() - began)
began = time.perf_counter()
for _ in range(30):
    run = client.create_run(experiment).info.run_id
    metrics, params = [Metric(f"m{i}", float(i), 0, 0) for i in range(20)], [Param(f"p{i}", str(i)) for i in range(20)]
    client.log_batch(run, metrics, params)
    client.set_terminated(run)
print(json.dumps({"calls": calls, "runs": 30 / (time.perf_counter() - began)}))
"""
TRACKIO = """
import json, os, sys, time
os.environ["TRACKIO_DIR"] = sys.argv[1]
import trackio
run = trackio.init(project="bench", config={f"p{i}": i for i in range(20)})
trackio.log({"loss": 0.5, "accuracy": 0.9, "f1": 0.3})
began = time.perf_counter()
for step in range(20_000):
    trackio.log({"loss": 0.5, "accuracy": 0.9, "f1": 0.3})
calls = 20_000 / (time.perf_counter() - began)
trackio.finish()
print(json.dumps({"calls": calls, "through": 20_000 / (time.perf_counter() - began)}))
"""


def measure() -> list[Figure]:
    """Rates and the slow-down of a training loop, beside MLflow on SQLite and trackio."""
    mlflow, trackio = _peer(MLFLOW), _peer(TRACKIO)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calls = statistics.median(_calls(folder) for _ in range(3))
        bare = statistics.median(_created(folder, context=False, resources=False) for _ in range(3))
        whole = statistics.median(_created(folder) for _ in range(3))
        slower = _slowed(folder)
    return [
        Figure("`run.log` of three metrics", calls, "calls/s", 150_000, "trackio", trackio.get("calls"), at_least=True),
        Figure("… beside a call of MLflow", calls, "calls/s", None, "MLflow", mlflow.get("calls"), at_least=True),
        Figure("a training loop slowed by a `run.log` each step", slower, "%", 1, "", None),
        Figure("runs made, 20 params and metrics", bare, "runs/s", 500, "MLflow", mlflow.get("runs"), at_least=True),
        Figure("… with context and resources", whole, "runs/s", None, "MLflow", mlflow.get("runs"), at_least=True),
    ]


def _calls(folder: Path) -> float:
    run = tidebook.start_run(output_dir=folder)
    run.log(loss=0.5, accuracy=0.9, f1=0.3)
    began = time.perf_counter()
    for _ in range(CALLS):
        run.log(loss=0.5, accuracy=0.9, f1=0.3)
    rate = CALLS / (time.perf_counter() - began)
    run.finish()
    assert len(json.loads((run.folder / "logs" / "metrics.json").read_bytes())) == CALLS + 1
    return rate


def _created(folder: Path, *, context: bool = True, resources: bool = True) -> float:
    began = time.perf_counter()
    for _ in range(RUNS):
        run = tidebook.start_run(output_dir=folder, params=PARAMS, context=context, resources=resources)
        run.log(METRICS)
        run.finish()
    return RUNS / (time.perf_counter() - began)


def _slowed(folder: Path) -> float:
    """Percent, the median over stretches of training with and without a call after each step, in turn.

    A step of an LSTM with 64 units on 32 windows of 60 days takes some milliseconds.
    """
    import torch

    torch.set_num_threads(1)
    model = torch.nn.LSTM(8, 64, batch_first=True)
    optimizer = torch.optim.Adam(model.parameters())
    window = torch.randn(32, 60, 8)

    def step() -> float:
        optimizer.zero_grad()
        loss = model(window)[0].square().mean()
        loss.backward()
        optimizer.step()
        return float(loss.item())

    with tidebook.start_run(output_dir=folder) as run:
        for _ in range(STEPS):
            step()
        ratios = []
        for pair in range(PAIRS):
            order = (_bare, _logged) if pair % 2 else (_logged, _bare)
            taken = {kind: kind(step, run) for kind in order}
            ratios.append(taken[_logged] / taken[_bare])
    return 100 * (statistics.median(ratios) - 1)


def _bare(step: Callable[[], float], run: TrainingManager) -> float:
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
    return time.perf_counter() - began


def _logged(step: Callable[[], float], run: TrainingManager) -> float:
    began = time.perf_counter()
    for number in range(STEPS):
        run.log(loss=step(), step_of_stretch=number, learning_rate=0.001)
    return time.perf_counter() - began


def _peer(program: str) -> dict[str, float]:
    python = os.environ.get("TIDEBOOK_TRACKING_PEERS")
    if not python:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-W", "ignore", "-c", program, folder]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout
    return dict(json.loads(shown.splitlines()[-1]))
