from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tidebook.core.environment import job_environment
from tidebook.core.settings import Settings
from tidebook.runs import TrainingManager
from tidebook.sdk import marker, spool
from tidebook.sdk.identity import run_id
from tidebook.sdk.reporter import Reporter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder."""
    run = TrainingManager(model_type="lstm", output_dir=tmp_path, run_name="mine")
    run.save_config({"a": 1})
    run.log_metrics(1, {"loss": 1.0})
    run.update_status("completed")
    return run.folder


def test_what_is_sent_are_the_runs_own_files_metadata_last(folder: Path, tmp_path: Path) -> None:
    (folder / "files" / "deep").mkdir(parents=True)
    (folder / "files" / "deep" / "x").write_text("x")
    (folder / "files" / ".hidden").write_text("x")
    (folder / "files" / "link").symlink_to(tmp_path)
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "x").write_text("x")
    (folder / "heartbeat").touch()
    (folder / "labels.json").write_text("{}")
    (folder / "logs" / "metrics.broken-1.json").write_text("{}")
    assert [found.path for found in spool.contents(folder)] == ["files/deep/x", "logs/metrics.broken-1.json"]
    assert [found.path for found in spool.records(folder)] == ["config.json", "labels.json", "metadata.json"]


def test_the_marker_holds_until_any_file_changes_and_may_be_lost_or_broken(folder: Path) -> None:
    stamp = marker.fingerprint(folder)
    assert not marker.holds(folder, "http://a", stamp)
    marker.write(folder, "http://a", stamp)
    marker.write(folder, "http://b", "other")
    assert marker.holds(folder, "http://a", marker.fingerprint(folder))
    assert not marker.holds(folder, "http://b", stamp)
    os.utime(folder / "config.json", ns=(1, time.time_ns() + 1))
    assert not marker.holds(folder, "http://a", marker.fingerprint(folder))
    (folder / marker.FILE).write_text("[")
    assert not marker.holds(folder, "http://a", stamp)


def test_a_run_made_without_an_id_has_the_same_one_each_time(folder: Path) -> None:
    metadata = json.loads((folder / "metadata.json").read_bytes())
    assert run_id(folder, metadata) == metadata["id"]
    del metadata["id"]
    made = run_id(folder, metadata)
    assert made == run_id(folder.parent / "renamed", metadata)
    assert made != run_id(folder, {**metadata, "created_at": "2020-01-01"})
    assert len(run_id(folder, {"id": "../../x"})) == 32
    assert run_id(folder, {}) != run_id(folder.parent / "other", {})


def test_a_forked_child_neither_sends_nor_waits(folder: Path) -> None:
    reporter = Reporter(folder, "http://127.0.0.1:1", "tide_x")
    reporter.start()
    reporter._stirred._cond.acquire()  # type: ignore[attr-defined] # as if another thread held it at the fork
    child = os.fork()
    if child == 0:
        reporter.wake()
        reporter.close(60)
        os._exit(0 if reporter._thread is None else 1)
    reporter._stirred._cond.release()  # type: ignore[attr-defined]
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    reporter.close(0)


def test_to_wake_a_reporter_costs_next_to_nothing(folder: Path) -> None:
    reporter = Reporter(folder, "http://127.0.0.1:1", "tide_x")
    began = time.perf_counter()
    for _ in range(10_000):
        reporter.wake()
    assert time.perf_counter() - began < 0.1
    reporter.close(0)


def test_an_address_that_is_none_is_a_problem_and_no_error(folder: Path) -> None:
    reporter = Reporter(folder, "nowhere", "tide_x")
    reporter.start()
    reporter.wake()
    reporter.close(10)
    assert "must look like" in reporter.problem
    assert not reporter.complete


def test_the_token_is_neither_shown_nor_handed_to_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEBOOK_SERVER", "http://tide.example")
    monkeypatch.setenv("TIDEBOOK_TOKEN", "tide_secret")
    settings = Settings()
    assert (settings.server, settings.token) == ("http://tide.example", "tide_secret")
    assert "tide_secret" not in repr(settings)
    assert "tide_secret" not in str(job_environment(settings, 1))
