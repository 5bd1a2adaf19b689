"""Run folders become rows, whoever writes, copies or removes them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tidebook
from tidebook.catalog import run_sync as module
from tidebook.catalog.database import Database
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.runs import Runs
from tidebook.core.settings import Settings
from tidebook.records import labels
from tidebook.runs.delete import delete_run

LOG_AND_DIE = "import os, tidebook; run = tidebook.start_run(name='dead'); run.log(loss=1.0); os._exit(9)"


@pytest.fixture
def runs(database: Database) -> Runs:
    """The rows."""
    return Runs(database)


@pytest.fixture
def sync(settings: Settings, runs: Runs) -> RunSync:
    """What brings them in line."""
    return RunSync(settings, runs)


def write_run(settings: Settings, name: str, **values: Any) -> Path:
    """An ended run as another program may have left it."""
    folder = settings.out / name
    folder.mkdir(parents=True)
    facts = {"run_name": name, "status": "completed", "created_at": "2026-11-01T10:00:00+00:00", **values}
    (folder / "metadata.json").write_text(json.dumps(facts))
    return folder


def names(runs: Runs, where: str = "") -> list[str]:
    """The runs that a filter finds."""
    return [item["run_name"] for item in runs.page(where, "run_name", 100, None)[0]]


def until(condition: Callable[[], bool], sync: RunSync, seconds: float = 5.0) -> None:
    """Looks until the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
        sync.look()


def test_folders_become_rows_and_go_with_them(settings: Settings, runs: Runs, sync: RunSync) -> None:
    assert sync.look() == 0
    folder = write_run(settings, "a", model_type="lstm", eval_metrics={"wape": 0.1})
    write_run(settings, "b")
    (settings.out / "no run").mkdir()
    (settings.out / ".hidden").mkdir()
    (settings.out / "file").write_text("")
    sync.look()
    assert names(runs) == ["a", "b"]
    assert names(runs, "model_type = lstm and metrics.wape < 0.2") == ["a"]
    shutil.rmtree(folder)
    sync.look()
    assert names(runs) == ["b"]
    shutil.rmtree(settings.out)
    sync.look()
    assert names(runs) == []


def test_an_open_run_is_followed_from_look_to_look(settings: Settings, runs: Runs, sync: RunSync) -> None:
    with tidebook.start_run(name="open", params={"lr": 0.1}, context=False, resources=False) as run:
        run.log(loss=3.0)
        sync.look()
        assert names(runs, "metrics.loss = 3 and params.lr = 0.1") == ["open"]
        run.log(loss=2.0)
        sync.look()
        assert names(runs, "metrics.loss = 2") == ["open"]
        assert names(runs, "metrics.loss = 3") == []
    sync.look()
    assert names(runs, "status = completed") == ["open"]


def test_a_run_whose_process_died_turns_failed_though_none_of_its_files_changes(
    settings: Settings, runs: Runs, sync: RunSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECK", 0.1)
    process = subprocess.run([sys.executable, "-c", LOG_AND_DIE], check=False)
    assert process.returncode == 9
    sync.look()
    until(lambda: names(runs, "lost and status = failed") == ["dead"], sync)
    assert "ended without a word" in runs.get("dead")["reason"]


def test_labels_that_people_change_are_seen_by_the_look_through_all_folders(
    settings: Settings, runs: Runs, sync: RunSync
) -> None:
    folder = write_run(settings, "a")
    sync.look()
    labels.change(folder, tags={"team": "east"})
    until(lambda: names(runs, "tags.team = east") == ["a"], sync)
    labels.change(folder, tags={})
    sync.refresh(["a", "unknown"])
    assert names(runs, "tags.team exists") == []


def test_a_folder_that_is_filled_later_becomes_a_run_then(settings: Settings, runs: Runs, sync: RunSync) -> None:
    (settings.out / "late").mkdir(parents=True)
    sync.look()
    assert names(runs) == []
    (settings.out / "late" / "metadata.json").write_text('{"status": "completed"}')
    sync.look()
    assert names(runs) == ["late"]


def test_a_run_with_broken_files_is_listed_with_what_is_wrong(settings: Settings, runs: Runs, sync: RunSync) -> None:
    folder = write_run(settings, "broken")
    (folder / "metadata.json").write_text('{"status": ')
    (folder / "config.json").write_text("[]")
    sync.look()
    assert any("metadata.json" in problem for problem in runs.get("broken")["problems"])


def test_a_deleted_run_is_none_though_its_tombstone_stays(settings: Settings, runs: Runs, sync: RunSync) -> None:
    folder = write_run(settings, "a")
    sync.look()
    (folder / "deleted.json").write_text("{}")
    until(lambda: names(runs) == [], sync)


def test_a_look_reads_folders_for_its_budget_only_and_the_newest_first(
    settings: Settings, runs: Runs, sync: RunSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", 2)
    for hour in range(5):
        write_run(settings, f"lstm_20261101_0{hour}0000")
    assert sync.look(0.0) == 2
    assert names(runs) == ["lstm_20261101_030000", "lstm_20261101_040000"]
    assert sync.look(0.0) == 2
    assert sync.look(0.0) == 1
    assert sync.look(0.0) == 0


def test_rows_that_another_process_changed_are_read_again(
    settings: Settings, database: Database, runs: Runs, sync: RunSync
) -> None:
    write_run(settings, "a")
    sync.look()
    Runs(database).clear()
    RunSync(settings, Runs(database)).look()
    Runs(database).remove(["a"])
    sync.look()
    assert names(runs) == ["a"]


def test_a_run_that_the_database_does_not_take_keeps_no_other_out(
    settings: Settings, runs: Runs, sync: RunSync, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = runs.put

    def refusing(found: Any) -> tuple[int, int]:
        if any(seen.name == "bad" for seen in found):
            raise ValueError("no")
        return put(found)

    monkeypatch.setattr(runs, "put", refusing)
    for name in ("a", "bad", "b"):
        write_run(settings, name)
    sync.look()
    assert names(runs) == ["a", "b"]
    assert sync.look() == 0


def test_whoever_follows_hears_of_open_runs_whose_files_changed(settings: Settings, runs: Runs) -> None:
    heard: list[str] = []
    sync = RunSync(settings, runs, lambda folder: heard.append(folder.name))
    write_run(settings, "ended")
    with tidebook.start_run(name="open", context=False, resources=False) as run:
        run.log(loss=1.0)
        sync.look()
        run.log(loss=2.0)
        sync.look()
        sync.look()
    assert heard == ["open", "open"]


def test_whoever_follows_and_fails_keeps_no_run_out(settings: Settings, runs: Runs) -> None:
    def failing(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    sync = RunSync(settings, runs, failing)
    with tidebook.start_run(name="open", context=False, resources=False):
        sync.look()
        assert names(runs) == ["open"]


def test_after_a_run_is_deleted_the_others_are_followed_as_before(
    settings: Settings, runs: Runs, sync: RunSync
) -> None:
    folder = write_run(settings, "a")
    write_run(settings, "b")
    sync.look()
    delete_run(folder)
    sync.refresh(["a"])
    assert names(runs) == ["b"]
    sync.look()
    write_run(settings, "c")
    sync.look()
    assert names(runs) == ["b", "c"]
    folder.mkdir(exist_ok=True)
    (folder / "deleted.json").write_text("{}")
    sync.refresh(["a", "unknown"])
    (folder / "metadata.json").write_text('{"status": "completed"}')
    (folder / "deleted.json").unlink()
    sync.look()
    assert names(runs) == ["a", "b", "c"]


def test_a_run_whose_writer_on_another_host_is_heard_of_again_is_lost_no_more(
    settings: Settings, runs: Runs, sync: RunSync
) -> None:
    folder = write_run(settings, "far", status="training", writer={"pid": 5, "host": "elsewhere", "started": 1.0})
    beat = folder / "heartbeat"
    beat.touch()
    long_ago = time.time() - 100
    os.utime(beat, (long_ago, long_ago))
    sync.look()
    assert names(runs, "lost and status = failed") == ["far"]
    beat.touch()
    until(lambda: names(runs, "status = training and not lost") == ["far"], sync)
    assert runs.known()["far"].live


def test_a_beat_of_an_open_run_alone_is_no_news_to_whoever_follows(settings: Settings, runs: Runs) -> None:
    heard: list[str] = []
    sync = RunSync(settings, runs, lambda folder: heard.append(folder.name))
    with tidebook.start_run(name="open", context=False, resources=False) as run:
        (run.folder / "heartbeat").touch()
        sync.look()
        os.utime(run.folder / "heartbeat", (1, 1))
        sync.refresh(["open"])
    assert heard == ["open"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("metadata.json", '{"status": "completed", "metrics": {"x": {"last": 1, "count": "Infinity"}}}'),
        ("metadata.json", f'{{"status": "completed", "model_type": {"[" * 1000}{"]" * 1000}}}'),
        ("labels.json", f'{{"notes": {"[" * 1000}{"]" * 1000}}}'),
        ("config.json", f'{{"a": {"[" * 300}{"]" * 300}}}'),
        ("logs/metrics.json", f'[\n{{"phase": {"[" * 1000}{"]" * 1000}, "x": 1}}\n]'),
    ],
)
def test_a_run_that_is_made_to_do_harm_is_a_run_among_others(
    settings: Settings, runs: Runs, sync: RunSync, file: str, content: str
) -> None:
    folder = write_run(settings, "bad")
    (folder / "logs").mkdir()
    (folder / file).write_text(content)
    write_run(settings, "good")
    sync.look()
    assert names(runs) == ["bad", "good"]
