from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tidebook.core import syncing
from tidebook.core.files import write_json
from tidebook.runs.metrics_log import MetricsLog


def wait_for(condition: list[int], count: int) -> None:
    deadline = time.monotonic() + 10
    while len(condition) < count and time.monotonic() < deadline:
        time.sleep(0.005)
    assert len(condition) >= count


def test_what_was_appended_is_synced_in_batches_and_never_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run" / "logs" / "metrics.json"
    sizes: list[int] = []
    real = os.fsync

    def watched(handle: int) -> None:
        real(handle)
        if path.exists() and os.path.samestat(os.fstat(handle), path.stat()):
            sizes.append(os.fstat(handle).st_size)

    monkeypatch.setattr(syncing, "INTERVAL_SECONDS", 0.02)
    monkeypatch.setattr(syncing, "MANY", 1_000_000)  # Whatever other tests have left to be synced.
    monkeypatch.setattr(os, "fsync", watched)
    log = MetricsLog.at(path)
    for epoch in range(500):
        log.append({"epoch": epoch})
    wait_for(sizes, 1)
    log.append({"epoch": 500})
    wait_for(sizes, len(sizes) + 1)
    deadline = time.monotonic() + 10
    while sizes[-1] != path.stat().st_size and time.monotonic() < deadline:
        time.sleep(0.005)
    assert sizes[-1] == path.stat().st_size
    assert len(sizes) < 100


def test_many_files_are_synced_by_one_call_where_the_system_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    single: list[Path] = []
    syncing.flush()
    monkeypatch.setattr(syncing, "sync", single.append)
    for number in range(syncing.MANY):
        write_json(tmp_path / f"{number}.json", {}, later=True)
    syncing.flush()
    assert single == []
    calls: list[int] = []

    def failing(handle: int) -> int:
        calls.append(handle)
        return 1

    monkeypatch.setattr(syncing, "_syncfs", lambda: failing)
    for number in range(syncing.MANY):
        write_json(tmp_path / f"{number}.json", {}, later=True)
    syncing.flush()
    assert len(calls) == 1
    assert {path.name for path in single} == {tmp_path.name, *(f"{number}.json" for number in range(syncing.MANY))}


def test_a_file_that_is_replaced_is_synced_later_with_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    single: list[Path] = []
    syncing.flush()
    monkeypatch.setattr(syncing, "sync", single.append)
    monkeypatch.setattr(syncing, "INTERVAL_SECONDS", 0.05)
    write_json(tmp_path / "now.json", {})
    write_json(tmp_path / "later.json", {}, later=True)
    deadline = time.monotonic() + 10
    while len(single) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sorted(single) == [tmp_path, tmp_path / "later.json"]


def test_what_was_ordered_is_synced_before_the_process_ends(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from tidebook.core.files import write_json\n"
        "real = os.fsync\n"
        "def watched(handle): print(os.readlink(f'/proc/self/fd/{handle}')); real(handle)\n"
        "os.fsync = watched; write_json(Path(sys.argv[1]) / 'a.json', {}, later=True); print('written')"
    )
    shown = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    first, *synced = shown.stdout.split()
    assert first == "written"
    assert set(synced) == {str(tmp_path), str(tmp_path / "a.json")}


def test_who_asked_for_it_is_told_of_each_sync(tmp_path: Path) -> None:
    told: list[int] = []
    mark = syncing.Mark(tmp_path, lambda: told.append(1))
    for _ in range(3):
        syncing.later(mark)
    syncing.flush()
    assert told == [1]


def test_a_file_that_is_gone_needs_no_sync(tmp_path: Path) -> None:
    syncing.sync(tmp_path / "gone")
