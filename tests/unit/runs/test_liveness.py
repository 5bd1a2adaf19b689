"""A run whose writer died is shown as failed (lost), never as training for ever."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tidebook.runs import TrainingManager, liveness, pulse
from tidebook.runs.record import describe, summary

WRITER = """
import sys, time
import tidebook
run = tidebook.start_run(name="live", output_dir=sys.argv[1], context=False, resources=False)
run.update_status("training")
run.log(loss=1.0)
print("ready", flush=True)
time.sleep(60)
"""


def start_writer(out: Path) -> subprocess.Popen[str]:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(out)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def rewrite(folder: Path, **changes: Any) -> None:
    path = folder / "metadata.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_run_whose_process_is_killed_is_lost_at_once_and_found_again_by_who_goes_on(out: Path) -> None:
    with start_writer(out) as writer:
        folder = out / "live"
        assert (summary(folder)["status"], summary(folder)["lost"]) == ("training", False)
        writer.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 10
        while not summary(folder)["lost"] and time.monotonic() < deadline:  # Not yet reaped: a zombie writes nothing.
            time.sleep(0.01)
        item = summary(folder)
        assert (item["status"], item["lost"]) == ("failed", True)
        assert item["reason"] == f"lost: process {writer.pid} on {liveness.host()} ended without a word"
        assert item["metrics"] == {"loss": 1.0}
    assert json.loads((folder / "metadata.json").read_text())["status"] == "training"  # Only shown so.
    again = TrainingManager.load_run("live", out)
    assert again.lost
    again.log(loss=0.5)
    assert (again.status, again.lost, "reason" in again.metadata) == ("training", False, False)
    again.finish()
    assert (again.status, again.lost) == ("completed", False)


def test_a_process_that_has_the_number_of_the_dead_one_is_not_taken_for_it(out: Path) -> None:
    run = TrainingManager(run_name="mine", output_dir=out)
    folder = run.folder
    run.close()
    assert describe(folder)["lost"] is False
    rewrite(folder, writer={**liveness.me(), "started": liveness.me()["started"] - 100})
    assert describe(folder)["lost"] is True
    rewrite(folder, writer={"pid": os.getpid(), "host": liveness.host()})  # As earlier releases wrote it.
    assert describe(folder)["lost"] is False
    rewrite(folder, writer={"pid": 2**22 + 1, "host": liveness.host()})
    assert describe(folder)["lost"] is True


def test_a_run_of_another_host_is_lost_when_its_heartbeat_is_silent(out: Path) -> None:
    folder = TrainingManager(run_name="mine", output_dir=out).folder
    rewrite(folder, writer={"pid": 7, "host": "elsewhere", "started": 1.0}, status="training")
    liveness.beat(folder)
    assert describe(folder)["lost"] is False
    for age, lost in ((30, False), (44, False), (46, True)):
        os.utime(folder / "heartbeat", (time.time() - age, time.time() - age))
        assert describe(folder)["lost"] is lost
    assert describe(folder)["reason"] == "lost: process 7 on elsewhere ended without a word"
    (folder / "heartbeat").unlink()  # Before the first beat, what counts is when the run was begun.
    assert describe(folder)["lost"] is False
    os.utime(folder / "metadata.json", (time.time() - 60, time.time() - 60))
    assert describe(folder)["lost"] is True


def test_another_machine_of_the_same_name_is_another_one(out: Path) -> None:
    folder = TrainingManager(run_name="mine", output_dir=out).folder
    rewrite(folder, writer={**liveness.me(), "pid": 2**22 + 1, "machine": "elsewhere"})
    assert describe(folder)["lost"] is False
    os.utime(folder / "metadata.json", (time.time() - 60, time.time() - 60))
    assert describe(folder)["lost"] is True


@pytest.mark.parametrize("writer", [None, {}, "x", {"pid": "7"}, {"pid": 7, "host": None, "started": "x"}, {"pid": -1}])
def test_a_writer_that_nobody_can_name_is_no_error(out: Path, writer: object) -> None:
    folder = TrainingManager(run_name="mine", output_dir=out).folder
    rewrite(folder, writer=writer)
    assert isinstance(describe(folder)["lost"], bool)


def test_an_ended_run_is_never_lost(out: Path) -> None:
    run = TrainingManager(run_name="mine", output_dir=out)
    run.finish("failed", "mine")
    rewrite(run.folder, writer={"pid": 7, "host": "elsewhere"})
    os.utime(run.folder / "metadata.json", (0, 0))
    assert (run.lost, run.metadata["reason"]) == (False, "mine")


def test_the_heartbeat_is_renewed_while_the_run_is_open_and_gone_when_it_ends(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "TICK_SECONDS", 0.01)
    monkeypatch.setattr(pulse, "PULSE_SECONDS", 0.02)
    run = TrainingManager(run_name="mine", output_dir=out)
    beat = run.folder / "heartbeat"
    deadline = time.monotonic() + 10
    while not beat.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.utime(beat, (0, 0))
    while beat.stat().st_mtime == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert time.time() - beat.stat().st_mtime < 5
    run.finish()
    time.sleep(0.1)
    assert not beat.exists()
    run.update_status("training")  # It goes on, and so does the heart.
    while not beat.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    run.close()
    assert not beat.exists()


def test_a_run_whose_folder_is_removed_does_not_come_back(out: Path) -> None:
    import shutil

    run = TrainingManager(run_name="mine", output_dir=out)
    shutil.rmtree(run.folder)
    run.pulse()
    assert not run.folder.exists()


def test_the_start_of_a_process_is_known_and_that_of_none_is_not() -> None:
    started = liveness.started_at(os.getpid())
    assert started is not None
    assert liveness.is_alive(os.getpid(), started)
    assert not liveness.is_alive(os.getpid(), started - 5)
    assert liveness.started_at(2**22 + 1) is None
    uptime = time.time() - psutil.boot_time() - (time.time() - psutil.Process().create_time())
    assert abs(started - uptime) < 5


def test_a_zombie_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    deadline = time.monotonic() + 10
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not liveness.is_alive(child.pid)
    child.wait()
