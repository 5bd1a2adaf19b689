"""A server that takes in metrics of runs that are written elsewhere, beside MLflow's.

TIDEBOOK_TRACKING_PEERS names a Python with mlflow; without it only ours is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil

from benchmarks.measure import Figure, server
from tidebook.runs import TrainingManager
from tidebook.sdk.client import Client
from tidebook.sdk.sending import Sender

POINTS = 1_000_000
RUNS = 50
ENTRIES = 2000  #: of each of the runs at once
WRITER = """
import logging, sys, time
from pathlib import Path
logging.basicConfig()
logging.getLogger("httpx").setLevel(logging.INFO)
from tidebook.runs import TrainingManager
from tidebook.sdk.reporter import Reporter
folder, url, token, name, entries, start = sys.argv[1:]
run = TrainingManager(model_type="lstm", output_dir=Path(folder), run_name=name)
reporter = Reporter(run.folder, url, token)
reporter.start()
time.sleep(max(0.0, float(start) - time.time()))
for step in range(int(entries)):
    run.log_metrics(step, {"loss": 1.0 / (step + 1)})
    reporter.wake()
    time.sleep(0.005)
run.update_status("completed")
reporter.close(120)
sys.exit(0 if reporter.complete else 1)
"""
MLFLOW = """
import sys, time
import mlflow
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient
client = MlflowClient(sys.argv[1])
run = client.create_run(client.create_experiment("bench")).info.run_id
points, began = 20_000, time.perf_counter()
for first in range(0, points, 1000):
    client.log_batch(run, [Metric("loss", 0.5, int(time.time() * 1000), step) for step in range(first, first + 1000)])
print(points / (time.perf_counter() - began))
"""


def measure() -> list[Figure]:
    """One client as fast as it can; then fifty processes at once, each with a run of its own."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder) / "home") as (client, process, _):
        token = client.post("/api/tokens", json={"name": "benchmark"}).raise_for_status().json()["token"]
        url = str(client.base_url)
        rate = _one(Path(folder), url, token)
        seconds, lost, failed = _many(Path(folder), url, token)
        memory = psutil.Process(process.pid).memory_info().rss / 2**20
    mlflow = _mlflow()
    return [
        Figure("points of one run into a server", rate, "points/s", 100_000, "MLflow log_batch", mlflow, at_least=True),
        Figure(f"{RUNS} runs at once: entries lost", lost, "entries", 0, "", None),
        Figure(
            "… answers that were an error of the server, such as 'database is locked'", failed, "answers", 0, "", None
        ),
        Figure(
            f"… from the last of {ENTRIES} entries each (10 s) to all of them on the server",
            seconds,
            "s",
            None,
            "",
            None,
        ),
        Figure("… memory of the server", memory, "MB", None, "", None),
    ]


def _one(folder: Path, url: str, token: str) -> float:
    """Points a second."""
    run = TrainingManager(model_type="lstm", output_dir=folder / "one")
    for step in range(POINTS):
        run.log_metrics(step, {"loss": 1.0 / (step + 1)})
    run.update_status("completed")
    client = Client(url, token)
    began = time.perf_counter()
    sender = Sender(run.folder, client, writes=False)
    sender.register()
    assert sender.send()
    took = time.perf_counter() - began
    client.close()
    copy = folder / "home" / "out" / sender.run_name / "logs" / "metrics.json"
    assert copy.read_bytes() == (run.folder / "logs" / "metrics.json").read_bytes()
    return POINTS / took


def _many(folder: Path, url: str, token: str) -> tuple[float, int, int]:
    """Seconds from the last entry until all have arrived, entries missing, and answers with a status from 500 on."""
    start = time.time() + 0.6 * RUNS
    names = [f"many_{number}" for number in range(RUNS)]
    writers = []
    for name in names:
        arguments = [str(folder / "many"), url, token, name, str(ENTRIES), str(start)]
        writers.append(subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stderr=subprocess.PIPE, text=True))
    told = "".join(writer.communicate(timeout=300)[1] for writer in writers)
    ended = time.time()
    assert all(writer.returncode == 0 for writer in writers), told
    lost, last = 0, 0.0
    for name in names:
        entries = json.loads((folder / "home" / "out" / name / "logs" / "metrics.json").read_bytes())
        lost += ENTRIES - len({entry["epoch"] for entry in entries}) + abs(ENTRIES - len(entries))
        last = max(last, (folder / "many" / name / "logs" / "metrics.json").stat().st_mtime)
    return ended - last, lost, told.count('"HTTP/1.1 5')


def _mlflow() -> float | None:
    """Points a second of MLflow's server on SQLite."""
    python = os.environ.get("TIDEBOOK_TRACKING_PEERS")
    if not python:
        return None
    with tempfile.TemporaryDirectory() as folder:
        url = "http://127.0.0.1:5077"
        command = [python, "-m", "mlflow", "server", "--port", "5077", "--workers", "1"]
        store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", folder]
        with (Path(folder) / "output").open("w") as output:
            process = subprocess.Popen([*command, *store], stdout=output, stderr=output, cwd=folder)
        try:
            wait_for(f"{url}/health")
            done = subprocess.run([python, "-c", MLFLOW, url], check=True, capture_output=True, text=True)
            return float(done.stdout.split()[-1])
        finally:
            for each in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
                each.kill()
            process.wait()


def wait_for(url: str) -> None:
    """Returns as soon as a server answers there."""
    for _ in range(120):
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"no answer from {url}")
