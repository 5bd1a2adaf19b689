"""Runs whose sender lost the end of what it had sent, and went on another way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.conftest import Server, eventually
from tests.integration.sending import assert_equal, finished, sent, there
from tidebook.runs import TrainingManager
from tidebook.sdk.reporter import Reporter


def rolled_back(server: Server, output: Path, name: str) -> TrainingManager:
    """A run of which the server has 10 entries and the sender, after a loss of power, 8."""
    run = finished(output, name, entries=10)
    sent([run.folder], server)
    log = run.folder / "logs" / "metrics.json"
    log.write_bytes(b",\n".join(log.read_bytes().split(b",\n")[:8]) + b"\n]")
    resumed = TrainingManager.load_run(name, output)
    resumed.update_status("training")
    return resumed


def assert_taken(server: Server, run: TrainingManager) -> None:
    """The server has the log as the sender has it, and beside it the one of before."""
    copy = there(server, run.run_name)
    assert_equal(run.folder, copy)
    (kept,) = (copy / "logs").glob("metrics.replaced-*.json")
    assert len(json.loads(kept.read_bytes())) == 10


@pytest.mark.parametrize(
    ("name", "metric", "count"),
    [("many", "loss", 6), ("one_long", "x" * 240, 1)],  # the second reaches beyond what the server has
)
def test_a_run_that_was_rolled_back_and_continued_offline_is_sent_anew(
    server: Server, output: Path, name: str, metric: str, count: int
) -> None:
    run = rolled_back(server, output, name)
    for step in range(8, 8 + count):
        run.log_metrics(step, {metric: 100.123456 + step})
    run.update_status("completed")
    (outcome,) = sent([run.folder], server)
    assert (outcome.state, outcome.problem) == ("sent", "")
    assert_taken(server, run)
    assert sent([run.folder], server, again=True)[0].sent == 0


def test_a_run_that_was_rolled_back_is_sent_anew_while_it_goes_on(
    server: Server, output: Path, reporters: list[Reporter]
) -> None:
    run = rolled_back(server, output, "live")
    for step in range(8, 14):
        run.log_metrics(step, {"loss": 100.123456 + step})
    reporter = Reporter(run.folder, server.url, server.token)
    reporters.append(reporter)
    reporter.start()
    eventually(lambda: len(json.loads((there(server, "live") / "logs/metrics.json").read_bytes())) == 14)
    run.log_metrics(14, {"loss": 1.0})
    run.update_status("completed")
    reporter.close(20)
    assert (reporter.complete, reporter.problem) == (True, "")
    assert_taken(server, run)
