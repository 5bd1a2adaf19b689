"""A signal handler may log and end the run in the middle of whatever the training was logging."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tidebook
from tidebook.core.errors import TidebookError
from tidebook.runs import TrainingManager
from tidebook.runs.metrics_log import MetricsLog

BEGIN = """
import os, signal, sys, time
import tidebook
run = tidebook.start_run(name="mine", output_dir=sys.argv[1], context=False, resources=False)
"""
OFTEN = """
calls = handled = 0
def handler(*_):
    global handled
    handled += 1
    {handled}
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
end = time.monotonic() + 2
while time.monotonic() < end:
    {called}
    calls += 1
signal.setitimer(signal.ITIMER_REAL, 0)
run.finish()
print(calls, handled)
"""


def interrupt(patch: pytest.MonkeyPatch, what: Callable[[], object], when: str) -> None:
    """Has the next write of the metrics interrupted, as by a signal."""
    real = os.pwrite

    def pwrite(handle: int, data: bytes, position: int) -> int:
        patch.setattr(os, "pwrite", real)
        if when == "before":
            what()
        written = real(handle, data, position)
        if when == "after":
            what()
        return written

    patch.setattr(os, "pwrite", pwrite)


def start(out: Path) -> TrainingManager:
    return tidebook.start_run(name="mine", output_dir=out, context=False, resources=False)


def logged(folder: Path) -> list[dict[str, Any]]:
    return list(json.loads((folder / "logs" / "metrics.json").read_text()))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("first", [True, False])
def test_what_a_handler_logs_within_an_append_stands_behind_the_interrupted_entry(
    out: Path, monkeypatch: pytest.MonkeyPatch, when: str, first: bool
) -> None:
    run = start(out)
    if not first:
        run.log(loss=9.0)
    seen: list[list[float]] = []

    def handler() -> None:
        run.log(loss=2.0)
        run.log(loss=3.0)
        seen.append([entry["loss"] for entry in logged(run.folder)])

    interrupt(monkeypatch, handler, when)
    run.log(loss=1.0)
    run.log(loss=4.0)
    run.finish()
    before = [] if first else [9.0]
    assert seen == [[*before, 1.0, 2.0, 3.0]]
    assert [entry["loss"] for entry in logged(run.folder)] == [*before, 1.0, 2.0, 3.0, 4.0]
    assert run.metadata["metrics"]["loss"]["count"] == len(before) + 4


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_handler_that_ends_the_run_within_an_append_keeps_the_interrupted_entry(
    out: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    run = start(out)
    run.log(loss=1.0)
    seen: list[tuple[Any, ...]] = []

    def handler() -> None:
        run.finish("failed", "preempted")
        described = run.metadata
        seen.append((described["status"], described["metrics"]["loss"]["count"], len(logged(run.folder))))

    interrupt(monkeypatch, handler, when)
    run.log(loss=2.0)
    assert seen == [("failed", 2, 2)]
    assert not run._log.is_open
    run.log(loss=3.0)  # It goes on all the same.
    run.close()
    assert [entry["step"] for entry in logged(run.folder)] == [0, 1, 2]


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_append_that_a_handler_ends_with_an_exception_has_written_its_entry(
    out: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    run = start(out)

    def handler() -> None:
        run.finish("failed", "preempted")
        sys.exit(1)

    interrupt(monkeypatch, handler, when)
    with pytest.raises(SystemExit):
        run.log(loss=1.0)
    assert [entry["loss"] for entry in logged(run.folder)] == [1.0]
    assert run.metadata["metrics"]["loss"]["count"] == 1
    again = MetricsLog(run._log.path)
    again.open()  # The lock was released.
    again.close()


def test_entries_logged_while_signals_come_all_the_time_are_all_there_once(out: Path) -> None:
    code = BEGIN + OFTEN.format(handled="run.log(signal=1.0)", called="run.log(loss=1.0)")
    shown = subprocess.run([sys.executable, "-c", code, str(out)], capture_output=True, check=True, timeout=60).stdout
    calls, handled = map(int, shown.split())
    entries = logged(out / "mine")
    assert handled > 50
    assert sorted(entry["step"] for entry in entries) == list(range(calls + handled))
    assert sum("signal" in entry for entry in entries) == handled
    totals = json.loads((out / "mine" / "metadata.json").read_text())["metrics"]
    assert (totals["loss"]["count"], totals["signal"]["count"]) == (calls, handled)


def test_lines_written_while_signals_come_all_the_time_are_all_there_once(out: Path) -> None:
    code = BEGIN + OFTEN.format(handled="run.save_training_log('signal')", called="run.save_training_log('line')")
    shown = subprocess.run([sys.executable, "-c", code, str(out)], capture_output=True, check=True, timeout=60).stdout
    calls, handled = map(int, shown.split())
    lines = [line[22:] for line in (out / "mine" / "logs" / "training.log").read_text().splitlines()]
    assert (lines.count("line"), lines.count("signal"), len(lines)) == (calls, handled, calls + handled)


def test_a_program_that_is_asked_to_stop_while_it_logs_ends_its_run_and_stops(out: Path) -> None:
    code = """
def stop(*_):
    run.finish("failed", "preempted")
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
run.log(loss=1.0)
print("ready", flush=True)
while True:
    run.log(loss=1.0)
"""
    for number in range(6):
        folder = out / str(number)
        with subprocess.Popen(
            [sys.executable, "-c", BEGIN + code, str(folder)], stdout=subprocess.PIPE, text=True
        ) as program:
            assert program.stdout is not None
            program.stdout.readline()
            time.sleep(0.1 + number / 50)
            program.send_signal(signal.SIGTERM)
            try:
                program.wait(20)
            finally:
                program.kill()
        metadata = json.loads((folder / "mine" / "metadata.json").read_text())
        assert (metadata["status"], metadata["reason"]) == ("failed", "preempted")
        assert metadata.get("metrics", {}).get("loss", {"count": 0})["count"] == len(logged(folder / "mine"))


def test_what_a_handler_logs_on_a_full_disk_waits_behind_the_interrupted_entry(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(out)
    run.log(loss=1.0)
    real = os.pwrite

    def full(handle: int, data: bytes, position: int) -> int:
        if data.count(b"\n") == 2 and b"2.0" in data:
            try:
                run.log(loss=3.0)
            except TidebookError:
                pytest.fail("a full disk stopped the handler")
        if len(data) > 2:
            raise OSError(28, os.strerror(28))
        return real(handle, data, position)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        run.log(loss=2.0)
    run.finish()
    assert sorted(entry["loss"] for entry in logged(run.folder)) == [1.0, 2.0, 3.0]
