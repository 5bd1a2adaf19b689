"""A writer that is killed at any moment loses no entry that a call has returned from."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import tidebook
from tidebook.runs import TrainingManager
from tidebook.runs.log_reading import read_metrics
from tidebook.runs.record import summary

VALUES: dict[str, Any] = {"loss": 0.25, "a ] and a }, here": 1.0, "检验/[\\n]": float("nan")}
WRITER = """
import os, sys
from tidebook.runs import TrainingManager
run = TrainingManager.load_run("mine", sys.argv[1])
run.update_status("training")
while True:
    for length in range(200):
        run.log({"value": 1.0, "long name " + "x" * length: 2.0})
        os.write(1, b".")
"""


class Killed(BaseException):
    """In place of SIGKILL, in the middle of a system call."""


@pytest.mark.parametrize("before", [0, 1, 3])
def test_killed_at_every_byte_of_an_append(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    def begun(name: str) -> TrainingManager:
        run = tidebook.start_run(name=name, output_dir=tmp_path, context=False, resources=False)
        for step in range(before):
            run.log({**VALUES, "step": step})
        return run

    log = begun("measured").folder / "logs" / "metrics.json"
    size = log.stat().st_size
    again = TrainingManager.load_run("measured", tmp_path)
    again.log({**VALUES, "step": before})
    length = log.stat().st_size - size + len("\n]")
    written = os.pwrite
    complete = 0
    for count in range(length + 1):
        run = begun(f"cut{count}")

        def killed(handle: int, data: bytes, offset: int, count: int = count) -> int:
            assert len(data) == length
            written(handle, data[:count], offset)
            raise Killed

        monkeypatch.setattr(os, "pwrite", killed)
        with pytest.raises(Killed):
            run.log({**VALUES, "step": before})
        monkeypatch.setattr(os, "pwrite", written)
        os.close(run._log._handle)  # type: ignore[arg-type]
        run._log._handle = None  # The process is gone, and its lock with it.

        path = run.folder / "logs" / "metrics.json"
        seen, _ = read_metrics(path)
        assert [entry["step"] for entry in seen[:before]] == list(range(before))
        assert len(seen) in (before, before + 1)
        complete += len(seen) == before + 1
        assert all(entry["loss"] == 0.25 and entry["检验/[\\n]"] == "NaN" for entry in seen)
        follower = TrainingManager.load_run(run.run_name, tmp_path)
        follower.log(loss=0.125)
        follower.finish()
        entries = json.loads(path.read_text())
        assert entries[:-1] == seen
        assert (entries[-1]["loss"], entries[-1]["step"]) == (0.125, len(seen))
        assert follower.metadata["metrics"]["loss"]["count"] == len(seen) + 1
    assert complete == 3  # With the last byte of the entry, or any of the tail behind it, it is there.


def test_killed_again_and_again_at_any_moment(tmp_path: Path) -> None:
    run = tidebook.start_run(name="mine", output_dir=tmp_path, context=False, resources=False)
    run.close()
    path = run.folder / "logs" / "metrics.json"
    chance = random.Random(0)
    returned = 0
    for attempt in range(12):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.read(1)
            time.sleep(chance.uniform(0, 0.05))
            writer.send_signal(signal.SIGKILL)
            returned += 1 + len(writer.stdout.read())
        entries, _ = read_metrics(path)
        assert [entry["step"] for entry in entries] == list(range(len(entries)))
        assert all(entry["value"] == 1.0 for entry in entries)
        assert returned <= len(entries) <= returned + attempt + 1
        assert summary(run.folder)["lost"]
    last = TrainingManager.load_run("mine", tmp_path)
    last.log(value=-1.0)
    last.finish()
    whole = json.loads(path.read_text())
    assert last.metadata["metrics"]["value"]["count"] == len(whole)
    assert [entry["step"] for entry in whole] == list(range(len(whole)))
