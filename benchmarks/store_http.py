"""Large files to and from a server's store over loopback, beside MLflow's artifacts, and the memory of the server.

Before each, what was written until then has reached the disk. TIDEBOOK_TRACKING_PEERS names a Python with mlflow;
without it only ours is measured.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.ingest import wait_for
from benchmarks.measure import Figure, server
from tidebook.core import syncing
from tidebook.store.copying import digest
from tidebook.store.http_store import HttpStore
from tidebook.store.transfer import transfer
from tidebook.store.trees.local import Folder

LARGE, SMALLER = 1024, 300  #: MiB
FILES, FILE_BYTES = 5000, 4096
MLFLOW = """
import json, os, sys, time
import mlflow
from mlflow.tracking import MlflowClient
client = MlflowClient(sys.argv[1])
run = client.create_run(client.create_experiment("bench")).info.run_id
os.sync()
began = time.perf_counter()
client.log_artifact(run, sys.argv[2])
up = time.perf_counter() - began
os.makedirs(sys.argv[3])
os.sync()
began = time.perf_counter()
client.download_artifacts(run, os.path.basename(sys.argv[2]), sys.argv[3])
print(json.dumps({"up": up, "down": time.perf_counter() - began}))
"""


def measure() -> list[Figure]:
    """Rates of one file each way, the growth of the server's memory meanwhile, and many small files."""
    figures = []
    with tempfile.TemporaryDirectory() as name, server(Path(name) / "home") as (client, process, _):
        folder = Path(name)
        token = client.post("/api/tokens", json={"name": "benchmark"}).raise_for_status().json()["token"]
        store = HttpStore(str(client.base_url), token, cache=folder / "cache")
        _both(store, folder / "warm", 8)
        with _growth(psutil.Process(process.pid)) as grown:
            for size in (LARGE, SMALLER):
                ours, peer = _both(store, folder / f"{size}", size), _mlflow(folder / f"{size}" / "source" / "file")
                for way in ("up", "down"):
                    beside = size / peer[way] if peer else None
                    figures.append(
                        Figure(
                            f"{size} MiB {way} over HTTP",
                            size / ours[way],
                            "MiB/s",
                            500,
                            "MLflow",
                            beside,
                            at_least=True,
                        )
                    )
        figures.append(Figure("… memory that the server grew by meanwhile", grown[0], "MB", 50, "", None))
        small = _small(store, folder / "small")
        figures += [Figure(f"{FILES:,} × 4 KiB {way} over HTTP", small[way], "s", None, "", None) for way in small]
    return figures


def _both(store: HttpStore, folder: Path, size: int) -> dict[str, float]:
    """Seconds of a file of `size` MiB up and down again."""
    source = folder / "source"
    source.mkdir(parents=True)
    with (source / "file").open("wb") as file:
        for _ in range(size):
            file.write(secrets.token_bytes(1 << 20))
    return _moved(store, folder, f"files/large/{size}")


def _small(store: HttpStore, folder: Path) -> dict[str, float]:
    source = folder / "source"
    source.mkdir(parents=True)
    for number in range(FILES):
        (source / f"{number}.bin").write_bytes(secrets.token_bytes(FILE_BYTES))
    return _moved(store, folder, "files/small/v1")


def _moved(store: HttpStore, folder: Path, prefix: str) -> dict[str, float]:
    times = {}
    for way, source, target in (
        ("up", Folder(folder / "source"), store.tree(prefix)),
        ("down", store.tree(prefix), Folder(folder / "back")),
    ):
        syncing.flush()
        os.sync()
        began = time.perf_counter()
        result = transfer(source, target)
        times[way] = time.perf_counter() - began
        assert not result.failed, result.failed
        assert result.moved
    for path in (folder / "source").iterdir():
        assert digest(path) == digest(folder / "back" / path.name)
    return times


@contextmanager
def _growth(process: psutil.Process) -> Iterator[list[float]]:
    """By how many MB the resident memory was at most above what it was at first; filled in on leaving."""
    first, most, ended, result = process.memory_info().rss, [0], threading.Event(), [0.0]

    def look() -> None:
        while not ended.wait(0.02):
            most[0] = max(most[0], process.memory_info().rss)

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield result
    finally:
        ended.set()
        watching.join()
        result[0] = (most[0] - first) / 1e6


def _mlflow(file: Path) -> dict[str, float]:
    """Seconds of the same file up to MLflow's server and down; {} without one."""
    python = os.environ.get("TIDEBOOK_TRACKING_PEERS")
    if not python:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        url = "http://127.0.0.1:5078"
        command = [python, "-m", "mlflow", "server", "--port", "5078", "--workers", "1"]
        kept = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/kept"]
        with (Path(folder) / "output").open("w") as output:
            process = subprocess.Popen([*command, *kept], stdout=output, stderr=output, cwd=folder)
        try:
            wait_for(f"{url}/health")
            arguments = [python, "-W", "ignore", "-c", MLFLOW, url, str(file), f"{folder}/back"]
            shown = subprocess.run(arguments, check=True, capture_output=True, text=True, cwd=folder).stdout
            found: dict[str, float] = json.loads(next(line for line in shown.splitlines() if line.startswith("{")))
            return found
        finally:
            for each in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
                each.kill()
            process.wait()
