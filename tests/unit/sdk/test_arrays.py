from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tidebook.runs.metrics_log import MetricsLog
from tidebook.sdk.arrays import ArrayLog, complete

ENTRIES: list[dict[str, Any]] = [
    {"epoch": 1, "name": "a\nb,\n{]} 中"},
    {"epoch": 2, "list": [{"a": [1, 2]}, {}], "text": '{"epoch":9}'},
    {"epoch": 3, "loss": "NaN"},
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log with the entries above."""
    path = tmp_path / "logs" / "metrics.json"
    log = MetricsLog(path)
    for entry in ENTRIES:
        log.append(entry)
    log.close()
    return path


def test_the_bytes_are_those_of_the_file_without_its_end(path: Path) -> None:
    log, whole = ArrayLog(path), path.read_bytes()
    assert log.length() == len(whole) - 2
    assert log.read(0, 1 << 20) == whole[:-2]
    assert log.before(20, 8) == whole[12:20]
    assert log.before(5, 100) == whole[:5]


def test_cut_at_any_byte_only_complete_entries_are_sent(path: Path) -> None:
    whole = path.read_bytes()
    ends = [0] + [whole.index(b"}", whole.index(b'"epoch":%d' % epoch)) for epoch in (1, 2, 3)]
    ends[1] = whole.index(b"},\n{") + 1
    ends[2] = whole.rindex(b"},\n{") + 1
    ends[3] = len(whole) - 2
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        log = ArrayLog(path)
        expected = max(end for end in ends if end <= cut)
        assert log.length() == expected, cut
        assert log.read(0, 1 << 20) == whole[:expected], cut
        if expected > ends[1]:
            assert log.read(ends[1], 1 << 20) == whole[ends[1] : expected], cut


@pytest.mark.parametrize("limit", [1, 10, 40, 80, 1000])
def test_pieces_of_any_size_make_the_whole(path: Path, limit: int) -> None:
    log, whole = ArrayLog(path), path.read_bytes()
    read = b""
    while piece := log.read(len(read), limit):
        assert json.loads(b"[" + piece[2:] + b"]")
        read += piece
    assert read == whole[:-2]


def test_nothing_torn_is_seen_while_somebody_writes(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    writer, log = MetricsLog(path), ArrayLog(path)
    done = threading.Event()

    def write() -> None:
        for number in range(20_000):
            writer.append({"number": number})
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    read = b""
    while not done.is_set() or len(read) < log.length():
        read += log.read(len(read), 4096)
    thread.join()
    writer.close()
    assert read + b"\n]" == path.read_bytes()


@pytest.mark.parametrize("indent", [None, 0, 2])
def test_a_log_of_another_program_is_read_as_if_it_held_an_entry_a_line(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps(ENTRIES, indent=indent))
    log = ArrayLog(path)
    read = log.read(0, 1 << 20)
    assert json.loads(read + b"\n]") == ENTRIES
    assert read.count(b"\n") == len(ENTRIES)
    assert len(read) == log.length()
    assert log.read(len(read), 100) == b""
    path.write_text(json.dumps([*ENTRIES, {"epoch": 4}], indent=indent))
    assert json.loads(b"[" + log.read(len(read), 100)[2:] + b"]") == [{"epoch": 4}]
    assert log.before(len(read), 5) == read[-5:]


@pytest.mark.parametrize(
    "content", [b"", b"[", b"[\n]", b"[]", b"[\n", b"x", b"{}", b"[1, 2]", b"[\n{", b"[\n\x00\xff\n]", b"]]]"]
)
def test_what_holds_no_entry_has_nothing_to_send(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "metrics.json"
    path.write_bytes(content)
    assert (ArrayLog(path).length(), ArrayLog(path).read(0, 100)) == (0, b"")


def test_a_file_that_is_not_there_or_a_link_has_nothing_to_send(path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path)
    for log in (ArrayLog(tmp_path / "none"), ArrayLog(tmp_path / "link")):
        assert (log.length(), log.read(0, 100), log.before(10, 10)) == (0, b"", b"")


def test_the_end_of_the_last_entry_is_found_behind_any_rest() -> None:
    assert complete(b',\n{"a":1},\n{"b":[1]},\n{"c":') == len(b',\n{"a":1},\n{"b":[1]}')
    assert complete(b'[\n{"a":1}') == 9
    assert complete(b"half a line") == 0
