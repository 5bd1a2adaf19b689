"""Finding runs among 100,000, comparing them and drawing their curves, beside MLflow.

TIDEBOOK_TRACKING_PEERS names a Python with mlflow; without it only ours is measured.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from benchmarks.measure import TIDEBOOK, Figure, server

RUNS = 100_000
REINDEXED = 10_000
PEER_RUNS = 1_000
POINTS = 1_000_000
COMPARED = 100
ALGORITHMS = ("lstm", "gru", "tcn", "kan", "mlstm")
SEARCHES = (
    ("", None),
    ("", "metrics.m5"),
    ("model_type = lstm and metrics.m1 < 0.1", "metrics.m2"),
    ('metrics.m1 < 0.1 and tags.team = "east"', "-metrics.m3"),
    ("model_type = lstm and metrics.m1 < 0.1 and tags.team = east and started > 600d", "metrics.m1"),
    ("status = failed", "-params.p1"),
    ("params.p0 = 64", "metrics.m3"),
    ("metrics.m1 < 0.001", None),
    ("metrics.m1 < 0.3 and metrics.m2 < 0.3 and metrics.m3 < 0.3", "metrics.m4"),
    ("run_name ~ P001", "-duration"),
)
MLFLOW = """
import random, statistics, sys, time
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient
client, rng, count = MlflowClient(sys.argv[1]), random.Random(1), int(sys.argv[2])
experiment = client.create_experiment("bench")
for _ in range(count):
    run = client.create_run(experiment).info.run_id
    metrics = [Metric(f"m{i}", rng.random(), 0, 0) for i in range(20)]
    client.log_batch(run, metrics, [Param(f"p{i}", str(rng.choice([16, 32, 64, 128]))) for i in range(20)])
times = []
for _ in range(20):
    began = time.perf_counter()
    wanted = "metrics.m1 < 0.1 and params.p0 = '64'"
    client.search_runs([experiment], wanted, max_results=50, order_by=["metrics.m2 ASC"])
    times.append(time.perf_counter() - began)
print(statistics.quantiles(times, n=20)[-1] * 1000)
"""


def measure() -> list[Figure]:
    """The lists over HTTP from a server of its own, with folders on disk behind every row."""
    peer = _mlflow()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rng = random.Random(1)
        for number in range(REINDEXED):
            _write_run(home, number, rng)
        small = _reindex(home)
        for number in range(REINDEXED, RUNS):
            _write_run(home, number, rng)
        whole = _reindex(home)
        names = [_write_curves(home, number, 1_000) for number in range(COMPARED)]
        _write_log(home / "out" / _name(RUNS - 1), POINTS)
        with server(home) as (client, _, ready):
            pages = _pages(client)
            first, again, zoomed = _curve(client, _name(RUNS - 1))
            cold, warm = _compare(client, names), _compare(client, names)
    return [
        Figure(
            f"first page of {RUNS:,} runs, filtered and sorted (p95)",
            pages,
            "ms",
            50,
            f"MLflow at {PEER_RUNS:,} runs",
            peer,
        ),
        Figure(f"reindex of {REINDEXED:,} runs", small, "s", 30, "", None),
        Figure(f"reindex of {RUNS:,} runs", whole, "s", None, "", None),
        Figure(f"server ready with {RUNS:,} runs", ready, "s", None, "", None),
        Figure(f"curve of {POINTS:,} points", again, "ms", 300, "", None),
        Figure("… when it is asked for first", first, "ms", None, "", None),
        Figure("… 2,000 of its points in full", zoomed, "ms", 300, "", None),
        Figure(f"comparison of {COMPARED} runs × 10 metrics, with curves", warm, "s", 1, "", None),
        Figure("… when it is asked for first", cold, "s", None, "", None),
    ]


def _name(number: int) -> str:
    return f"P{number % 50:03}_all_{ALGORITHMS[number % 5]}_{number:06}"


def _write_run(home: Path, number: int, rng: random.Random) -> None:
    """An ended run with 20 params and 20 metrics, as its trainer leaves it."""
    folder = home / "out" / _name(number)
    folder.mkdir(parents=True)
    began = datetime(2024, 6, 1, tzinfo=UTC) + timedelta(minutes=8 * number)
    ended = (began + timedelta(seconds=rng.random() * 3600)).isoformat()
    metrics = {f"m{place}": rng.random() for place in range(20)}
    metadata = {
        "id": f"{number:032x}",
        "run_name": folder.name,
        "scope": f"P{number % 50:03}_all",
        "model_type": ALGORITHMS[number % 5],
        "status": "failed" if number % 97 == 0 else "completed",
        "created_at": began.isoformat(),
        "updated_at": ended,
        "finished_at": ended,
        "metrics": {name: {"last": value, "min": value, "max": value, "count": 1} for name, value in metrics.items()},
    }
    params = {f"p{place}": rng.choice([16, 32, 64, 128]) if place % 2 == 0 else rng.random() for place in range(20)}
    (folder / "metadata.json").write_text(json.dumps(metadata))
    (folder / "config.json").write_text(json.dumps(params))
    (folder / "labels.json").write_text(json.dumps({"tags": {"team": rng.choice(["east", "west"])}}))


def _write_curves(home: Path, number: int, steps: int) -> str:
    """A log of ten metrics."""
    entries = [
        {"phase": "train", "step": step, **{f"m{n}": 1 / (step + 1) for n in range(10)}} for step in range(steps)
    ]
    _write(home / "out" / _name(number), [json.dumps(entry) for entry in entries])
    return _name(number)


def _write_log(folder: Path, points: int) -> None:
    moment = "2026-11-01T10:00:00.000+00:00"
    heads = f'"phase": "train", "timestamp": "{moment}"'
    _write(folder, [f'{{"step": {step}, {heads}, "loss": {1 / (step + 1)!r}}}' for step in range(points)])


def _write(folder: Path, lines: list[str]) -> None:
    (folder / "logs").mkdir()
    (folder / "logs" / "metrics.json").write_text("[\n" + ",\n".join(lines) + "\n]")


def _reindex(home: Path) -> float:
    """Seconds, without those that the interpreter needs to start."""
    command = [*TIDEBOOK, "--home", str(home), "reindex", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)["seconds"])


def _pages(client: httpx.Client) -> float:
    """Milliseconds in which 95 of 100 first pages came."""
    times = []
    for turn in range(11):
        for where, sort in SEARCHES:
            asked = {"where": where, "limit": 50, **({} if sort is None else {"sort": sort})}
            took = _timed(client, "GET", "/api/runs", params=asked)
            if turn:
                times.append(took * 1000)
    return statistics.quantiles(times, n=20)[-1]


def _curve(client: httpx.Client, run_name: str) -> tuple[float, float, float]:
    """Milliseconds of the first request, of a later one and of one for a small part."""
    path = f"/api/runs/{run_name}/curve"
    whole = {"name": "loss", "points": 1000}
    part = {"name": "loss", "from": 500_000, "to": 502_000, "points": 5000}
    first = _timed(client, "GET", path, params=whole)
    again = statistics.median(_timed(client, "GET", path, params=whole) for _ in range(9))
    return first * 1000, again * 1000, _timed(client, "GET", path, params=part) * 1000


def _compare(client: httpx.Client, names: list[str]) -> float:
    """Seconds in which the comparison and all its curves came."""
    asked = {"runs": names, "names": [f"m{n}" for n in range(10)], "axis": "step", "points": 500}
    compared = _timed(client, "GET", "/api/run-comparison", params={"run": names})
    return compared + _timed(client, "POST", "/api/runs/curves", json=asked)


def _timed(client: httpx.Client, method: str, path: str, **asked: object) -> float:
    began = time.perf_counter()
    client.request(method, path, **asked).raise_for_status()  # type: ignore[arg-type]
    return time.perf_counter() - began


def _mlflow() -> float | None:
    """Milliseconds (p95) of MLflow's own search on SQLite, in its process."""
    python = os.environ.get("TIDEBOOK_TRACKING_PEERS")
    if not python:
        return None
    with tempfile.TemporaryDirectory() as folder:
        command = [python, "-c", MLFLOW, f"sqlite:///{folder}/mlflow.db", str(PEER_RUNS)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
        return float(done.stdout.split()[-1])
