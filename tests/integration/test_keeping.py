"""The daily cleanup of real servers, and a home that is looked after while they run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import update

from tests.integration.conftest import Server, eventually
from tests.unit.retention.homes import LINE, forecast, publish, run
from tidebook.catalog.database import open_database
from tidebook.catalog.tables import retention_schedule
from tidebook.core.settings import Settings
from tidebook.records import forecast as forecasts


def last_of(client: httpx.Client) -> Any:
    return client.get("/api/retention/schedule").json()["last"]


def _as_if_a_day_had_passed(home: Settings) -> None:
    database = open_database(home)
    with database.write() as connection:
        connection.execute(update(retention_schedule).values(day="2026-01-01", seen=None))
    database.close()


def test_the_daily_cleanup_goes_on_after_a_kill_and_is_done_once_a_day_whatever_restarts(tmp_path: Path) -> None:
    home = Settings(home=tmp_path / "home")
    server = Server(home.home, "train:3:0.05", {}).start()
    with server.client() as client:
        assert client.put("/api/retention/schedule", json={"on": True, "hour": 0}).status_code == 200
        assert last_of(client) is None
    server.kill()
    old, young = forecast(home, f"{LINE}/v1", days=40), forecast(home, f"{LINE}/v1")
    _as_if_a_day_had_passed(home)
    server.start()
    with server.client() as client:
        eventually(lambda: last_of(client) is not None)
        first = last_of(client)
        assert (first["deleted"], first["failed"]) == (1, 0)
        assert set(forecasts.every(home)) == {young} != {old}
        eventually(lambda: len(client.get("/api/prediction").json()["items"]) == 1)
    server.stop()
    again = forecast(home, f"{LINE}/v1", days=40)
    server.start()
    with server.client() as client:
        eventually(lambda: len(client.get("/api/prediction").json()["items"]) == 2)
        assert last_of(client) == first
    server.stop()
    assert again in forecasts.every(home)


def test_a_home_is_looked_after_from_the_command_line_while_a_server_runs(tmp_path: Path) -> None:
    home = Settings(home=tmp_path / "home")
    for n in range(6):
        publish(home, wape=None, day=n + 1)
    gone = forecast(home, f"{LINE}/v1", days=40)
    run(home, "run_1")
    server = Server(home.home, "train:3:0.05", {}).start()

    def command(*arguments: str, code: int = 0) -> Any:
        env = {**os.environ, "TIDEBOOK_HOME": str(home.home)}
        line = [sys.executable, "-m", "tidebook", *arguments, "--json"]
        done = subprocess.run(line, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    with server.client() as client:
        eventually(lambda: client.get("/api/models").json()["pagination"]["total"] == 6)
        eventually(lambda: client.get("/api/runs/run_1").status_code == 200)
        assert command("cleanup", "--yes")["deleted"] == 3
        eventually(lambda: client.get("/api/models").json()["pagination"]["total"] == 4)
        eventually(lambda: client.get("/api/prediction").json()["items"] == [])
        assert gone not in forecasts.every(home)
        assert command("archive", "add", f"{LINE}/v3", "run_1")["archived"] == [f"{LINE}/v3", "run_1"]
        eventually(lambda: client.get(f"/api/models/{LINE}/v3").json()["archived"] is not None)
        eventually(lambda: client.get("/api/runs/run_1").status_code == 404)
        made = command("backup", str(tmp_path / "copy.tar.zst"))
        assert made["files"] > 10
        assert command("fsck")["left"] == 0
        assert command("archive", "restore", "run_1")["restored"] == ["run_1"]
        eventually(lambda: client.get("/api/runs/run_1").status_code == 200)
    server.stop()
    command("restore", str(tmp_path / "copy.tar.zst"), str(tmp_path / "there"))
    there = Server(tmp_path / "there", "train:3:0.05", {}).start()
    with there.client() as client:
        assert client.get("/api/models").json()["pagination"]["total"] == 4
        content = client.get(f"/api/models/{LINE}/v3/files/model.pth").content
        assert content == f"{LINE}/v3".encode() * 100
    there.stop()


def test_of_cleanups_at_once_one_runs_and_the_others_say_so(tmp_path: Path) -> None:
    home = Settings(home=tmp_path / "home")
    for n in range(12):
        publish(home, wape=None, day=n + 1)
    server = Server(home.home, "train:3:0.05", {}).start()
    results: list[httpx.Response] = []

    def clean() -> None:
        with server.client() as client:
            results.append(client.post("/api/retention/run", json={}))

    threads = [threading.Thread(target=clean) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with server.client() as client:
        assert client.get("/api/models").json()["pagination"]["total"] == 4
    server.stop()
    assert {result.status_code for result in results} <= {200, 409}
    done = [result.json() for result in results if result.status_code == 200]
    assert all(result["failed"] == [] for result in done)
    assert sum(result["deleted"] for result in done) == 8
