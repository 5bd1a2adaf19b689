"""Runs that are made on one machine and looked for on another."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import httpx

from tests.integration.conftest import Server
from tidebook.runs import TrainingManager
from tidebook.sdk.sync import Outcome, sync


def begin(output: Path, name: str | None = None) -> TrainingManager:
    """A run that has begun."""
    run = TrainingManager(model_type="lstm", output_dir=output, run_name=name)
    run.save_config({"hidden_size": 8})
    run.update_status("training")
    return run


def finished(output: Path, name: str | None = None, entries: int = 3) -> TrainingManager:
    """A run that was made offline."""
    run = begin(output, name)
    for step in range(entries):
        run.log_metrics(step, {"loss": 1 / (step + 1)})
    run.save_training_log("the last line")
    run.save_evaluation_results({"wape": 0.25})
    run.update_status("completed")
    return run


def there(server: Server, name: str) -> Path:
    """The folder of a run on the server."""
    return server.home / "out" / name


def sent(folders: list[Path], server: Server, **more: Any) -> list[Outcome]:
    """What became of runs that were sent."""
    return list(sync(folders, server.url, server.token, **more))


def assert_equal(folder: Path, other: Path) -> None:
    """All of the run is in the other folder: its logs byte by byte, nothing twice."""
    for path in ("logs/metrics.json", "logs/training.log"):
        assert (other / path).read_bytes() == (folder / path).read_bytes(), path
    entries = json.loads((other / "logs/metrics.json").read_bytes())
    assert [entry["epoch"] for entry in entries] == list(range(len(entries)))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def size(path: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    return path.stat().st_size if path.exists() else 0


def registered(client: httpx.Client, name: str) -> str:
    """A run that the server knows now, with a log of one entry; its name there."""
    answer = client.post("/api/ingest/runs", json={"id": os.urandom(16).hex(), "run_name": name})
    assert answer.status_code == 200, answer.text
    name = str(answer.json()["run_name"])
    assert append(client, name, 0, b'[\n{"loss":1}').json() == {"length": 12}
    return name


def append(client: httpx.Client, name: str, offset: int, data: bytes, **more: Any) -> httpx.Response:
    """Adds to the metrics of a run."""
    params = {"path": "logs/metrics.json", "offset": offset, **more}
    return client.post(f"/api/ingest/runs/{name}/append", params=params, content=data)


def bearer(token: str) -> dict[str, str]:
    """The header of a token."""
    return {"Authorization": f"Bearer {token}"}
