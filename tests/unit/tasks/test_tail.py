"""Reading what is new at the end of a growing log."""

from __future__ import annotations

from pathlib import Path

from tidebook.tasks.tail import log_chunk


def test_a_line_without_its_end_waits_until_nobody_writes_any_more(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"first\nsec")
    chunk = log_chunk(log, 0, 10, ended=False)
    assert (chunk.items, chunk.cursor, chunk.complete) == (["first"], 6, False)
    assert log_chunk(log, 6, 10, ended=False).items == []
    last = log_chunk(log, 6, 10, ended=True)
    assert (last.items, last.cursor, last.complete) == (["sec"], 9, True)


def test_of_a_progress_bar_its_last_state_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"10 %\r50 %\r100 %\n")
    assert log_chunk(log, 0, 10, ended=False).items == ["100 %"]


def test_a_log_that_is_not_there_yet_has_no_lines(tmp_path: Path) -> None:
    chunk = log_chunk(tmp_path / "output.log", 0, 10, ended=False)
    assert (chunk.items, chunk.cursor, chunk.complete) == ([], 0, False)
    assert log_chunk(tmp_path / "output.log", 0, 10, ended=True).complete


def test_a_cursor_beyond_the_end_gives_nothing(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"first\n")
    assert log_chunk(log, 100, 10, ended=False).items == []


def test_a_cursor_far_behind_the_end_finds_nothing(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_bytes(b"first\n")
    for ended in (False, True):
        chunk = log_chunk(log, 2**53, 10, ended=ended)
        assert (chunk.items, chunk.cursor, chunk.complete) == ([], 2**53, ended)
