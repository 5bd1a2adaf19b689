"""The warm worker as a process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.tables import small_table
from tidebook.core.settings import Settings


class Worker:
    """Asks and reads answers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": 7, "method": method, "params": params}) + "\n")
        self._process.stdin.flush()
        return self.read()

    def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))


@pytest.fixture
def worker(settings: Settings) -> Iterator[Worker]:
    with subprocess.Popen(
        [sys.executable, "-m", "tidebook.jobs", "worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        worker = Worker(process)
        assert worker.read() == {"ready": True}
        yield worker
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def test_one_worker_registers_shows_checks_and_survives_bad_requests(worker: Worker, tmp_path: Path) -> None:
    path = tmp_path / "sales.parquet"
    small_table().write_parquet(path)
    record = worker.ask("register", path=str(path), name="销售", mapping=None, uploaded=False)["result"]
    assert (record["name"], record["series"]) == ("销售", 4)

    preview = worker.ask("preview", dataset=record["id"], limit=3)["result"]
    assert preview["columns"][0] == {"name": "store_id", "type": "String"}
    assert preview["rows"][0][:3] == ["S1", "P1", "2024-01-01"]

    values = worker.ask("values", dataset=record["id"], product_id="P1")["result"]
    assert len(values["dates"]) == len(values["values"]) == 200

    check = worker.ask("check", dataset=record["id"], product_ids=["P1"])["result"]
    assert (check["series"], check["days"]) == (2, 200)
    assert check["parts"]["test"] == {"first": "2024-06-21", "last": "2024-07-18", "days": 28}

    assert worker.ask("forecast", model="product/P1_all/lstm")["problem"]["status"] == 404
    assert "horizon must be valid" in worker.ask("forecast", model="x", horizon=0)["problem"]["rule"]
    assert worker.ask("nothing")["problem"]["status"] == 500
    assert worker.ask("preview", dataset=record["id"], limit=1)["id"] == 7
