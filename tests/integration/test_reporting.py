"""Runs reach the server while they are written: whole, in order and once, whatever happens on the way."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.conftest import Server, eventually
from tests.integration.cutting import CuttingProxy
from tests.integration.sending import (
    assert_equal,
    begin,
    finished,
    free_port,
    sent,
    size,
    there,
)
from tidebook.runs import TrainingManager
from tidebook.sdk import backoff, sending
from tidebook.sdk import reporter as reporting
from tidebook.sdk.reporter import Reporter

WRITER = Path(__file__).with_name("writer.py")


def test_a_run_arrives_while_it_is_written(server: Server, output: Path, reporters: list[Reporter]) -> None:
    run = begin(output)
    reporter = Reporter(run.folder, server.url, server.token)
    reporters.append(reporter)
    reporter.start()
    copy = there(server, run.run_name)
    for epoch in range(3):
        run.log_metrics(epoch, {"loss": float("nan"), "../x": 1.0})
        reporter.wake()
        began = time.monotonic()
        eventually((copy / "logs/metrics.json").exists)
        eventually(lambda: len(json.loads((copy / "logs/metrics.json").read_bytes())) == epoch + 1)  # noqa: B023
        assert time.monotonic() - began < 5
    assert json.loads((copy / "metadata.json").read_bytes())["status"] == "training"
    assert (copy / "heartbeat").exists()
    run.save_evaluation_results({"wape": 0.25})
    (run.folder / "files").mkdir()
    (run.folder / "files" / "notes.txt").write_text("kept")
    run.update_status("completed")
    reporter.close(20)
    assert (reporter.complete, reporter.problem, reporter.same) == (True, "", False)
    assert (copy / "files" / "notes.txt").read_text() == "kept"
    assert not (copy / "heartbeat").exists()
    metadata = json.loads((copy / "metadata.json").read_bytes())
    mine = json.loads((run.folder / "metadata.json").read_bytes())
    assert (metadata["status"], metadata["id"], metadata["eval_metrics"]) == ("completed", mine["id"], {"wape": 0.25})
    assert [outcome.state for outcome in sent([run.folder], server)] == ["unchanged"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_connections_cut_at_any_byte_lose_and_repeat_nothing(
    server: Server, output: Path, reporters: list[Reporter], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "LEAST", 0.01)
    monkeypatch.setattr(backoff, "FIRST", 0.01)
    monkeypatch.setattr(backoff, "MOST", 0.1)
    run = begin(output, f"cut_{seed}")
    with CuttingProxy(int(server.url.rsplit(":", 1)[1]), seed=seed, longest=150_000) as proxy:
        reporter = Reporter(run.folder, proxy.url, server.token)
        reporters.append(reporter)
        reporter.start()
        chance = random.Random(seed)
        deadline = time.monotonic() + 60
        epoch = 0
        while epoch < 6000 or (proxy.cuts <= 20 and time.monotonic() < deadline):
            run.log_metrics(epoch, {"loss": chance.random()})
            epoch += 1
            reporter.wake()
            if epoch % 20 == 0:
                run.save_training_log(f"line {epoch}")
                time.sleep(0.005)
        checkpoint = run.folder / "files" / "weights.bin"
        checkpoint.parent.mkdir()
        checkpoint.write_bytes(chance.randbytes(8_000))
        run.update_status("completed")
        proxy.cutting = False
        reporter.close(60)
    assert proxy.cuts > 20
    assert reporter.complete, reporter.problem
    assert_equal(run.folder, there(server, run.run_name))
    assert (there(server, run.run_name) / "files/weights.bin").read_bytes() == checkpoint.read_bytes()
    assert not list(there(server, run.run_name).glob(".incoming-*"))


def test_a_server_that_is_killed_again_and_again_ends_up_with_everything(
    start_server: Callable[..., Server], output: Path, reporters: list[Reporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "LEAST", 0.01)
    monkeypatch.setattr(backoff, "MOST", 0.5)
    server = start_server()
    port = int(server.url.rsplit(":", 1)[1])
    run = begin(output)
    reporter = Reporter(run.folder, server.url, server.token)
    reporters.append(reporter)
    reporter.start()
    stop = threading.Event()

    def write() -> None:
        epoch = 0
        while not stop.is_set():
            for _ in range(300):
                run.log_metrics(epoch, {"loss": 0.5, "noise": epoch * 0.1})
                epoch += 1
            run.save_training_log(f"up to {epoch}")
            reporter.wake()
            time.sleep(0.002)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(3):
            log = there(server, run.run_name) / "logs/metrics.json"
            had = eventually(lambda: size(log))  # noqa: B023
            eventually(lambda: size(log) > had)  # noqa: B023
            server.kill()
            server.start(port)
    finally:
        stop.set()
        writing.join()
    run.update_status("completed")
    reporter.close(60)
    assert reporter.complete, reporter.problem
    assert_equal(run.folder, there(server, run.run_name))


def test_a_large_file_on_its_way_holds_up_neither_the_curves_nor_the_heartbeat(
    start_server: Callable[..., Server], output: Path, reporters: list[Reporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BEAT_SECONDS", 0.5)
    monkeypatch.setattr(sending, "ASIDE_SECONDS", 0.2)
    server = start_server()
    run = begin(output)
    weights = run.folder / "files" / "weights.bin"
    weights.parent.mkdir()
    weights.write_bytes(os.urandom(12_000_000))
    with CuttingProxy(int(server.url.rsplit(":", 1)[1]), seed=0, longest=2) as proxy:
        proxy.cutting, proxy.slow = False, 0.05
        reporter = Reporter(run.folder, proxy.url, server.token)
        reporters.append(reporter)
        reporter.start()
        copy = there(server, run.run_name)
        eventually(lambda: list(copy.glob(".incoming-*")))
        for epoch in range(3):
            beaten = (copy / "heartbeat").stat().st_mtime
            run.log_metrics(epoch, {"loss": 1.0})
            eventually(lambda: size(copy / "logs/metrics.json") == size(run.folder / "logs/metrics.json"))
            eventually(lambda: (copy / "heartbeat").stat().st_mtime > beaten)  # noqa: B023
            assert not (copy / "files/weights.bin").exists()
        proxy.slow = 0.0
        run.update_status("completed")
        reporter.close(30)
    assert reporter.complete
    assert (copy / "files/weights.bin").read_bytes() == weights.read_bytes()


def test_without_a_server_training_goes_on_and_the_end_does_not_wait_long(
    output: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = begin(output)
    reporter = Reporter(run.folder, f"http://127.0.0.1:{free_port()}", "tide_x")
    reporter.start()
    for epoch in range(2000):
        run.log_metrics(epoch, {"loss": 1.0})
        reporter.wake()
    run.update_status("completed")
    began = time.monotonic()
    reporter.close(0.5)
    assert time.monotonic() - began < 3
    assert not reporter.complete
    assert "tidebook sync" in caplog.text
    assert len(json.loads((run.folder / "logs/metrics.json").read_bytes())) == 2000


def test_the_end_of_a_run_does_not_wait_for_a_server_that_was_away_all_along(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporting, "HOPELESS", 0.2)
    run = begin(output)
    reporter = Reporter(run.folder, f"http://127.0.0.1:{free_port()}", "tide_x")
    reporter.start()
    time.sleep(0.5)
    run.update_status("completed")
    began = time.monotonic()
    reporter.close(60)
    assert time.monotonic() - began < 5
    assert "must be reachable" in reporter.problem


def test_a_token_that_does_not_hold_stops_the_reporter_with_a_warning(
    server: Server, output: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = begin(output)
    reporter = Reporter(run.folder, server.url, "tide_wrong")
    reporter.start()
    eventually(lambda: reporter.problem)
    assert "You must be logged in" in reporter.problem
    assert "no longer reported" in caplog.text
    reporter.close(5)
    run.update_status("completed")


def test_many_runs_at_once_lose_nothing(server: Server, output: Path) -> None:
    names = [f"many_{number}" for number in range(12)]
    writers = [
        subprocess.Popen(
            [sys.executable, str(WRITER), str(output), server.url, server.token, "2000", "0.0005", name, "close"]
        )
        for name in names
    ]
    assert [writer.wait(120) for writer in writers] == [0] * len(names)
    for name in names:
        assert_equal(output / name, there(server, name))
    assert "locked" not in "".join(server.output)


def test_a_run_of_the_servers_own_home_is_not_sent(server: Server, reporters: list[Reporter]) -> None:
    run = begin(server.home / "out")
    before = (run.folder / "metadata.json").read_bytes()
    reporter = Reporter(run.folder, server.url, server.token)
    reporters.append(reporter)
    reporter.start()
    eventually(lambda: reporter.same)
    run.log_metrics(0, {"loss": 1.0})
    reporter.wake()
    reporter.close(20)
    assert reporter.complete
    assert json.loads(before)["id"] == json.loads((run.folder / "metadata.json").read_bytes())["id"]
    run.update_status("completed")
    assert [outcome.state for outcome in sent([run.folder], server, again=True)] == ["same"]
    assert len([path for path in (server.home / "out").iterdir() if path.name.startswith(run.run_name)]) == 1
    assert json.loads((run.folder / "labels.json").read_bytes())["owner"] == "admin"
    assert not [path.name for path in run.folder.iterdir() if path.name.startswith(".") and path.name != ".synced.json"]


def test_a_log_that_lost_its_end_on_the_sender_is_taken_as_it_is_there_and_the_old_one_kept(
    server: Server, output: Path, reporters: list[Reporter]
) -> None:
    run = finished(output, "shorter", entries=10)
    sent([run.folder], server)
    log = run.folder / "logs" / "metrics.json"
    log.write_bytes(b",\n".join(log.read_bytes().split(b",\n")[:4]) + b"\n]")  # as after a loss of power
    assert sent([run.folder], server, again=True)[0].state in {"sent", "unchanged"}
    assert len(json.loads((there(server, "shorter") / "logs/metrics.json").read_bytes())) == 10
    resumed = TrainingManager.load_run("shorter", output)
    resumed.update_status("training")
    resumed.log_metrics(4, {"loss": 9.0})
    reporter = Reporter(run.folder, server.url, server.token)
    reporters.append(reporter)
    reporter.start()
    resumed.update_status("completed")
    reporter.close(20)
    assert reporter.complete
    assert_equal(run.folder, there(server, "shorter"))
    (kept,) = (there(server, "shorter") / "logs").glob("metrics.replaced-*.json")
    assert len(json.loads(kept.read_bytes())) == 10


def test_a_run_that_is_deleted_there_while_its_writer_is_quiet_goes_on_being_kept(
    server: Server, output: Path, reporters: list[Reporter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BEAT_SECONDS", 0.2)
    run = begin(output, "quiet")
    run.save_training_log("begun")
    run.log_metrics(0, {"loss": 1.0})
    reporter = Reporter(run.folder, server.url, server.token)
    reporters.append(reporter)
    reporter.start()
    eventually((there(server, "quiet") / "logs/metrics.json").exists)
    (there(server, "quiet") / "deleted.json").write_text("{}")
    anew = there(server, "quiet_2") / "logs/metrics.json"
    eventually(anew.exists)  # the heartbeat told of it, no entry did
    run.log_metrics(1, {"loss": 0.5})
    reporter.wake()
    eventually(lambda: len(json.loads(anew.read_bytes())) == 2)
    run.update_status("completed")
    reporter.close(20)
    assert (reporter.complete, reporter.problem) == (True, "")
    assert_equal(run.folder, there(server, "quiet_2"))
