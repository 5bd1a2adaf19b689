"""A server that is killed and started again, and clients that come back."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from websockets.sync.client import ClientConnection, connect

from tests.integration.conftest import Server, eventually
from tidebook.core.clock import timestamp
from tidebook.core.files import read_json, write_json
from tidebook.core.ids import new_id
from tidebook.records.task import TaskRecord

Start = Callable[..., Server]


def queued(home: Path, **changes: Any) -> str:
    """A task that waits, as its file in the home; a server that starts puts it into its queue."""
    values: dict[str, Any] = {"state": "CREATED", **changes}
    record = TaskRecord(
        id=new_id("TRAI"), name="x", description="x", spec={}, owner="admin", created_at=timestamp(), **values
    )
    write_json(home / "tasks" / record.id / "task.json", record.to_json())
    return record.id


def live(server: Server) -> ClientConnection:
    """A WebSocket with a bearer token."""
    headers = {"Authorization": f"Bearer {server.token}"}
    return connect(f"ws{server.url[4:]}/api/live", additional_headers=headers, proxy=None)


def subscribe(socket: ClientConnection, topic: str, cursor: int | None = 0) -> None:
    """Asks for a topic."""
    socket.send(json.dumps({"type": "subscribe", "topic": topic, "cursor": cursor}))


def follow(socket: ClientConnection, topic: str, until: Callable[[list[Any]], bool]) -> tuple[list[Any], int]:
    """Items of a topic and the last cursor, read until there is enough."""
    items: list[Any] = []
    cursor = 0
    while not until(items):
        message = json.loads(socket.recv(timeout=15))
        if message["topic"] == topic:
            assert "error" not in message, message
            items, cursor = items + message["items"], message["cursor"]
    return items, cursor


def test_a_training_goes_on_when_the_server_is_killed_and_is_complete_afterwards(
    start_server: Start, tmp_path: Path
) -> None:
    task = queued(tmp_path / "home")
    server = start_server("train:20:0.4")
    eventually((tmp_path / "home" / "tasks" / task / "progress.json").exists)
    server.kill()
    lease = read_json(tmp_path / "home" / "tasks" / task / "lease.json")
    assert psutil.pid_exists(lease["job_pid"])
    server.start()
    with server.client() as client:
        assert client.get(f"/api/training/{task}").json()["state"] == "RUNNING"
        eventually(lambda: client.get(f"/api/training/{task}").json()["state"] == "SUCCESS")
        done = client.get(f"/api/training/{task}").json()
        logs = client.get(f"/api/training/{task}/logs").json()
        metrics = client.get(f"/api/training/{task}/metrics").json()
    assert done["metrics"] == {"wape": 0.1}
    assert done["progress"]["epoch"] == 20
    assert logs["lines"] == [f"Epoch {epoch}" for epoch in range(1, 21)]
    assert logs["complete"]
    assert [entry["epoch"] for entry in metrics["items"]] == list(range(1, 21))


def test_a_training_that_ended_while_no_server_ran_is_found_ended(start_server: Start, tmp_path: Path) -> None:
    task = queued(tmp_path / "home")
    server = start_server("train:3:0.1")
    folder = tmp_path / "home" / "tasks" / task
    eventually((folder / "lease.json").exists)
    server.kill()
    eventually((folder / "exit.json").exists)
    server.start()
    with server.client() as client:
        eventually(lambda: client.get(f"/api/training/{task}").json()["state"] == "SUCCESS")


def test_a_training_whose_processes_died_with_the_server_is_lost(start_server: Start, tmp_path: Path) -> None:
    task = queued(tmp_path / "home")
    server = start_server("train:1000:0.1")
    folder = tmp_path / "home" / "tasks" / task
    eventually((folder / "progress.json").exists)
    server.kill()
    lease = read_json(folder / "lease.json")
    for pid in (lease["runner_pid"], lease["job_pid"]):
        os.kill(pid, signal.SIGKILL)
    server.start()
    with server.client() as client:
        eventually(lambda: client.get(f"/api/training/{task}").json()["state"] == "FAIL")
        done = client.get(f"/api/training/{task}").json()
    assert done["error"]["rule"] == "The training must run to its end"
    assert "lost" in done["error"]["got"]
    run = read_json(tmp_path / "home" / "out" / done["run_name"] / "metadata.json")
    assert run["status"] == "failed"
    assert "lost" in run["reason"]


def test_the_server_ends_politely_and_leaves_trainings_alone(start_server: Start, tmp_path: Path) -> None:
    task = queued(tmp_path / "home")
    server = start_server("train:10:0.1")
    folder = tmp_path / "home" / "tasks" / task
    eventually((folder / "progress.json").exists)
    server.stop()
    assert server.process is not None
    assert server.process.returncode == 0
    assert eventually((folder / "exit.json").exists)
    assert read_json(folder / "exit.json")["code"] == 0


def test_who_reconnects_with_the_last_cursor_loses_and_repeats_nothing(start_server: Start, tmp_path: Path) -> None:
    task = queued(tmp_path / "home")
    server = start_server("train:20:0.08")
    logs, metrics, state = f"training/{task}/logs", f"training/{task}/metrics", f"training/{task}"
    with live(server) as socket:
        subscribe(socket, logs)
        lines, log_cursor = follow(socket, logs, lambda items: len(items) >= 3)
    with live(server) as socket:
        subscribe(socket, metrics)
        entries, metrics_cursor = follow(socket, metrics, lambda items: len(items) >= 4)
    server.kill()  # the third time it is not even the same server
    server.start()
    with live(server) as socket:
        subscribe(socket, logs, log_cursor)
        more, _ = follow(socket, logs, lambda items: "Epoch 20" in items)
    with live(server) as socket:
        subscribe(socket, metrics, metrics_cursor)
        rest, _ = follow(socket, metrics, lambda items: any(entry["epoch"] == 20 for entry in items))
        subscribe(socket, state)
        states, _ = follow(socket, state, lambda items: bool(items) and items[-1]["state"] == "SUCCESS")
    assert lines + more == [f"Epoch {epoch}" for epoch in range(1, 21)]
    assert [entry["epoch"] for entry in entries + rest] == list(range(1, 21))
    assert states[-1]["id"] == task


def test_the_topic_of_all_trainings_tells_every_change_once(start_server: Start, tmp_path: Path) -> None:
    server = start_server("train:3:0.05")
    task = queued(tmp_path / "home")
    server.stop()
    server.start()
    with live(server) as socket:
        subscribe(socket, "training")
        seen, cursor = follow(socket, "training", lambda items: bool(items) and items[-1]["state"] == "SUCCESS")
        time.sleep(0.5)
        subscribe(socket, "training", cursor)
        assert json.loads(socket.recv(timeout=5)) == {"topic": "training", "cursor": cursor, "items": []}
    states = [item["state"] for item in seen]
    assert states == sorted(states, key=["CREATED", "RUNNING", "SUCCESS"].index)
    assert {item["id"] for item in seen} == {task}


def test_a_topic_that_does_not_exist_is_a_problem_and_the_others_go_on(start_server: Start, tmp_path: Path) -> None:
    server = start_server()
    with live(server) as socket:
        for topic in ("weather", "training/../secrets/logs", f"training/TRAI{'0' * 28}/logs", "training/x"):
            subscribe(socket, topic)
            error = json.loads(socket.recv(timeout=5))["error"]
            assert {"rule", "got", "fix"} <= error.keys()
        socket.send("no JSON")
        assert json.loads(socket.recv(timeout=5))["error"]["rule"].startswith("A message must be a JSON object")
        subscribe(socket, "training")
        assert json.loads(socket.recv(timeout=5))["items"] == []
