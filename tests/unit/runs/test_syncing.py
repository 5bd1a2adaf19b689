from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tidebook.runs import syncing
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


def test_a_file_that_is_gone_needs_no_sync(tmp_path: Path) -> None:
    syncing.sync(tmp_path / "gone")
