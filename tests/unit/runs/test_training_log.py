from __future__ import annotations

import errno
import os
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tidebook.runs.training_log import TrainingLog, read_lines


def test_every_line_has_the_time_in_the_configured_zone(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path / "logs" / "training.log", "Asia/Shanghai")
    log.append("开始加载数据")
    log.append("two\nlines")
    lines = (tmp_path / "logs" / "training.log").read_text().splitlines()
    assert [line[22:] for line in lines] == ["开始加载数据", "two", "lines"]
    assert all(re.match(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] ", line) for line in lines)
    zone = ZoneInfo("Asia/Shanghai")
    written = datetime.strptime(lines[0][1:20], "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
    assert abs((datetime.now(zone) - written).total_seconds()) < 60


def test_lines_are_read_by_a_cursor_and_never_by_halves(tmp_path: Path) -> None:
    path = tmp_path / "training.log"
    whole = "one\ntwo é\n\nfour\r50%\r\nfive\n".encode()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        first, cursor = read_lines(path)
        path.write_bytes(whole)
        rest, end = read_lines(path, cursor)
        assert first + rest == ["one", "two é", "", "four\r50%", "five"]
        assert end == len(whole)


def test_a_limit_bounds_the_lines_and_the_cursor_goes_on_after_them(tmp_path: Path) -> None:
    path = tmp_path / "training.log"
    path.write_text("a\nb\nc\n")
    lines, cursor = read_lines(path, limit=2)
    assert (lines, cursor) == (["a", "b"], 4)
    assert read_lines(path, cursor, limit=2) == (["c"], 6)
    assert read_lines(path, 6) == ([], 6)


def test_a_line_longer_than_what_is_read_at_once_comes_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "training.log"
    path.write_text("x" * 25 + "\nend\n")
    pieces, cursor = [], 0
    while True:
        lines, cursor = read_lines(path, cursor, max_bytes=10)
        if not lines:
            break
        pieces += lines
    assert pieces == ["x" * 10, "x" * 10, "xxxxx", "end"]


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "none") == ([], 0)


def test_on_a_full_disk_lines_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = TrainingLog(tmp_path / "training.log")
    log.append("before")
    monkeypatch.setattr("tidebook.runs.waiting.RETRY_SECONDS", 0.0)

    def full(handle: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as fault:
        fault.setattr(os, "write", full)
        log.append("during")
    assert len(log.waiting) == 1
    log.append("after")
    assert [line[22:] for line in log.path.read_text().splitlines()] == ["before", "during", "after"]


def test_a_link_is_not_followed_and_lines_wait_until_it_is_gone(tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("x\n")
    log = TrainingLog(tmp_path / "training.log")
    log.path.symlink_to(other)
    log.append("hello")
    assert other.read_text() == "x\n"
    assert (len(log.waiting), log.waiting.fault) == (1, "it is a link")
    log.path.unlink()
    log.flush()
    assert log.path.read_text().endswith("] hello\n")
