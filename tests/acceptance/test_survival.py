"""Processes that are killed, and what is true afterwards."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.acceptance.conftest import Server, serving
from tests.acceptance.tables import small_table

SLOW = {"epochs": 60, "hidden_size": 48, "seq_length": 56, "num_layers": 2, "patience": 1000}


@pytest.fixture
def table(home: Path) -> Path:
    """A table inside the home, where datasets may lie."""
    path = home / "data" / "sales.parquet"
    path.parent.mkdir(parents=True)
    small_table(days=400, stores=4).write_parquet(path)
    return path


def _start(server: Server, table: Path, **hyperparameters: Any) -> str:
    dataset = server.client.post("/api/datasets", json={"path": str(table)}).raise_for_status().json()["id"]
    body = {"dataset": dataset, "product_ids": ["P1"], "hyperparameters": {**SLOW, **hyperparameters}}
    task = server.client.post("/api/training", json=body)
    assert task.status_code == 202, task.text
    return str(task.json()["id"])


def _epochs(server: Server, task: str) -> list[int]:
    items = server.client.get(f"/api/training/{task}/metrics").raise_for_status().json()["items"]
    return [entry["epoch"] for entry in items]


def _wait_for_epochs(server: Server, task: str, count: int) -> None:
    deadline = time.monotonic() + 90
    while len(_epochs(server, task)) < count:
        assert time.monotonic() < deadline, server.client.get(f"/api/training/{task}").text
        time.sleep(0.1)


def test_a_training_goes_on_when_the_server_is_killed(home: Path, table: Path) -> None:
    with serving(home) as server:
        task = _start(server, table, epochs=40)
        _wait_for_epochs(server, task, 2)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    time.sleep(1)
    with serving(home) as server:
        ended = server.wait_for(task)
        assert ended["state"] == "SUCCESS", ended
        assert ended["version"] == "product/P1_all/lstm/v1"
        assert _epochs(server, task) == list(range(1, 41))
        log = server.client.get(f"/api/training/{task}/logs?limit=10000").json()
        assert log["complete"]
        assert sum("Epoch " in line for line in log["lines"]) == 40
        assert "Published product/P1_all/lstm/v1" in log["lines"][-1]
        models = server.client.get("/api/models").json()["models"]
        assert [model["address"] for model in models] == ["product/P1_all/lstm/v1"]


def test_a_training_that_ended_while_the_server_was_away_is_complete(home: Path, table: Path) -> None:
    with serving(home) as server:
        task = _start(server, table, epochs=3)
        _wait_for_epochs(server, task, 1)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    deadline = time.monotonic() + 60
    while not (home / "tasks" / task).exists() or not list((home / "tasks" / task).rglob("exit.json")):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    with serving(home) as server:
        assert server.wait_for(task, seconds=10)["state"] == "SUCCESS"


def test_cancelling_ends_every_process_and_leaves_a_true_state(home: Path, table: Path) -> None:
    with serving(home) as server:
        task = _start(server, table, epochs=500)
        _wait_for_epochs(server, task, 1)
        server.client.post(f"/api/training/{task}/stop").raise_for_status()
        ended = server.wait_for(task, seconds=30)
        assert ended["state"] == "ABORT"
        run = (home / "out" / ended["run_name"] / "metadata.json").read_text()
        assert '"status": "failed"' in run
        assert "cancelled" in run
        assert not _processes_of(task)
        assert server.client.get("/api/models").json()["models"] == []


def test_a_job_that_is_killed_is_a_failure_with_its_reason(home: Path, table: Path) -> None:
    with serving(home) as server:
        task = _start(server, table, epochs=500)
        _wait_for_epochs(server, task, 1)
        (job,) = [process for process in _processes_of(task) if process.cmdline()[2:4] == ["tidebook.jobs", "train"]]
        job.kill()
        ended = server.wait_for(task, seconds=30)
        assert ended["state"] == "FAIL"
        assert "signal" in ended["error"]["got"].lower() or "kill" in ended["error"]["got"].lower()
        assert '"status": "failed"' in (home / "out" / ended["run_name"] / "metadata.json").read_text()


def test_no_more_than_the_slots_run_at_once(home: Path, table: Path) -> None:
    with serving(home, TIDEBOOK_SLOTS="1") as server:
        first = _start(server, table, epochs=500)
        second = _start(server, table, epochs=1)
        _wait_for_epochs(server, first, 1)
        waiting = server.client.get(f"/api/training/{second}").json()
        assert (waiting["state"], waiting["queue_position"]) == ("CREATED", 1)
        server.client.post(f"/api/training/{first}/stop").raise_for_status()
        ended = server.wait_for(second)
        assert ended["state"] == "SUCCESS", ended["error"]


def _processes_of(task: str) -> list[psutil.Process]:
    """The runner of a task and its job."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and any(task in part for part in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found
