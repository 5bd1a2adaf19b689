from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidebook.core.errors import Conflict, DataFault, InvalidInput
from tidebook.runs.entries import encode, parse
from tidebook.runs.log_reading import read_metrics
from tidebook.runs.metrics_log import MetricsLog

ENTRIES: list[dict[str, Any]] = [
    {"epoch": 1, "phase": "train", "train_loss": 0.5, "note": "a ] and a }, here"},
    {"epoch": 2, "phase": "检验", "nested": {"list": [[1, 2], [3]], "text": "[\\n]"}},
    {"epoch": 3, "val_loss": 0.25},
]
WRITER = """
import sys, time
from pathlib import Path
from tidebook.runs.metrics_log import MetricsLog
log = MetricsLog.at(Path(sys.argv[1]))
for epoch in range(int(sys.argv[2])):
    log.append({"epoch": epoch, "loss": 1.0 / (epoch + 1), "text": "x" * (epoch % 50)})
    print(epoch, flush=True)
time.sleep(float(sys.argv[3]))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run_1" / "logs" / "metrics.json"


def write(path: Path, entries: list[dict[str, Any]]) -> bytes:
    log = MetricsLog.at(path)
    log.open()
    for entry in entries:
        log.append(entry)
    log.close()
    return path.read_bytes()


def start_writer(path: Path, count: int, wait: float = 0.0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(count), str(wait)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_the_file_is_a_valid_array_after_every_call(path: Path) -> None:
    log = MetricsLog.at(path)
    log.open()
    assert json.loads(path.read_text()) == []
    for count, entry in enumerate(ENTRIES, start=1):
        log.append(entry)
        assert json.loads(path.read_text()) == ENTRIES[:count]
    assert path.read_text().count("\n") == len(ENTRIES) + 1  # one entry, one line


def test_a_log_cut_at_any_byte_is_repaired_without_losing_a_complete_entry(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole" / "logs" / "metrics.json", ENTRIES)
    ends = [whole.index(encode(entry)) + len(encode(entry)) for entry in ENTRIES]
    for cut in range(len(whole) + 1):
        path = tmp_path / f"cut{cut}" / "logs" / "metrics.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(whole[:cut])
        complete = [entry for entry, end in zip(ENTRIES, ends, strict=True) if end <= cut]
        assert read_metrics(path)[0] == complete
        log = MetricsLog.at(path)
        log.open()
        assert json.loads(path.read_text()) == complete
        log.append({"epoch": 99})
        log.close()
        assert json.loads(path.read_text()) == [*complete, {"epoch": 99}]
        assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_writer_killed_at_any_byte_of_an_append_leaves_what_can_be_repaired(tmp_path: Path, before: int) -> None:
    old = write(tmp_path / "old" / "logs" / "metrics.json", ENTRIES[:before])
    new = write(tmp_path / "new" / "logs" / "metrics.json", ENTRIES[: before + 1])
    end = len(old) - 2
    for written in range(len(new) - end + 1):
        state = new[: end + written] + old[end + written :]
        path = tmp_path / f"torn{written}" / "logs" / "metrics.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(state)
        seen, cursor = read_metrics(path)
        assert seen in (ENTRIES[:before], ENTRIES[: before + 1])
        log = MetricsLog.at(path)
        log.append({"epoch": 99})
        log.close()
        assert json.loads(path.read_text()) == [*seen, {"epoch": 99}]
        assert read_metrics(path, cursor)[0] == [{"epoch": 99}]


def test_a_reader_sees_each_entry_once_whatever_part_of_the_file_is_there(tmp_path: Path) -> None:
    whole = write(tmp_path / "a" / "logs" / "metrics.json", ENTRIES)
    path = tmp_path / "metrics.json"
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        first, cursor = read_metrics(path)
        path.write_bytes(whole)
        rest, end = read_metrics(path, cursor)
        assert first + rest == ENTRIES
        assert end == len(whole) - len("\n]")
        assert read_metrics(path, end) == ([], end)


def test_a_large_log_can_be_read_in_pieces(path: Path) -> None:
    entries = [{"epoch": epoch, "text": "y" * (epoch * 7)} for epoch in range(60)]
    write(path, entries)
    seen: list[dict[str, Any]] = []
    cursor = 0
    while True:
        piece, cursor = read_metrics(path, cursor, max_bytes=100)
        if not piece:
            break
        seen += piece
    assert seen == entries


def test_a_log_that_is_not_there_has_no_entries(path: Path) -> None:
    assert read_metrics(path) == ([], 0)
    assert read_metrics(path, 17) == ([], 17)


def test_a_line_that_a_disk_has_spoiled_does_not_hide_the_others(path: Path) -> None:
    whole = write(path, ENTRIES)
    path.write_bytes(whole.replace(b'"epoch":2', b'"epoch":\x00'))
    assert [entry["epoch"] for entry in read_metrics(path)[0]] == [1, 3]
    log = MetricsLog.at(path)
    log.append({"epoch": 4})
    log.close()
    assert [entry["epoch"] for entry in read_metrics(path)[0]] == [1, 3, 4]


def test_an_array_that_another_program_wrote_is_continued(path: Path) -> None:
    for text in (json.dumps(ENTRIES, indent=2), json.dumps(ENTRIES), json.dumps(ENTRIES, indent=4) + "\n"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        assert read_metrics(path)[0] == ENTRIES
        log = MetricsLog.at(path)
        log.append({"epoch": 4})
        log.close()
        assert json.loads(path.read_text()) == [*ENTRIES, {"epoch": 4}]


def test_a_file_that_is_no_log_is_kept_beside_the_new_one(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("epoch,loss\n1,0.5\n2,0.4\n")
    log = MetricsLog.at(path)
    log.append({"epoch": 3})
    log.close()
    assert json.loads(path.read_text()) == [{"epoch": 3}]
    (kept,) = path.parent.glob("metrics.broken-*.json")
    assert kept.read_text().startswith("epoch,loss")


def test_a_link_is_not_followed_and_what_it_leads_to_stays(path: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("line 1\nline 2\nline 3\n")
    path.parent.mkdir(parents=True)
    path.symlink_to(precious)
    with pytest.raises(DataFault, match=r"must be a file of its own, but got .*metrics\.json, which is a link"):
        MetricsLog.at(path).append({"epoch": 1})
    assert precious.read_text() == "line 1\nline 2\nline 3\n"
    path.unlink()
    MetricsLog.at(path).append({"epoch": 1})
    assert json.loads(path.read_text()) == [{"epoch": 1}]


def test_values_that_are_not_finite_survive(path: Path) -> None:
    write(path, [{"a": float("nan"), "b": np.float32("inf"), "c": [-np.inf, 1.0], "d": None, "e": np.array([1.5])}])
    (entry,), _ = read_metrics(path)
    assert entry == {"a": "NaN", "b": "Infinity", "c": ["-Infinity", 1.0], "d": None, "e": [1.5]}
    assert np.isnan(float(entry["a"]))
    assert float(entry["b"]) == np.inf


def test_a_value_that_is_no_number_is_refused_and_nothing_is_written(path: Path) -> None:
    log = MetricsLog.at(path)
    log.open()
    with pytest.raises(
        InvalidInput, match=r"A metric must have a name of text and a value that is a number, but got 'x'"
    ):
        log.append({"x": object()})
    assert json.loads(path.read_text()) == []


def test_a_second_process_is_refused_and_told_who_writes(path: Path) -> None:
    with start_writer(path, 1, wait=60) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        log = MetricsLog.at(path, lambda: "process 7 on shop")
        with pytest.raises(
            Conflict, match=r"one writer at a time, but got run_1 is being written by process 7 on shop"
        ):
            log.append({"epoch": 2})
        assert [entry["epoch"] for entry in read_metrics(path)[0]] == [0]
        writer.kill()
        writer.wait()
        log.append({"epoch": 2})
        assert [entry["epoch"] for entry in read_metrics(path)[0]] == [0, 2]


def test_a_forked_child_may_not_write_and_does_not_keep_the_lock(path: Path) -> None:
    code = """
import os, sys, time
from pathlib import Path
from tidebook.core.errors import Conflict
from tidebook.runs.metrics_log import MetricsLog
log = MetricsLog.at(Path(sys.argv[1]))
log.append({"epoch": 1})
if os.fork() == 0:
    try:
        log.append({"epoch": 2})
    except Conflict:
        print("refused", os.getpid(), flush=True)
    time.sleep(60)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        word, child = parent.stdout.readline().split()
        assert word == "refused"
        parent.kill()
        parent.wait()
        try:
            log = MetricsLog.at(path)  # The child lives on, as data loading workers do, and holds nothing.
            log.append({"epoch": 3})
        finally:
            os.kill(int(child), signal.SIGKILL)
    assert [entry["epoch"] for entry in read_metrics(path)[0]] == [1, 3]


def test_within_one_process_all_share_one_writer(path: Path) -> None:
    assert MetricsLog.at(path) is MetricsLog.at(path.parent / ".." / "logs" / path.name)


def test_a_reader_beside_a_writer_sees_every_entry_once_and_in_order(path: Path) -> None:
    with start_writer(path, 3000) as writer:
        seen: list[int] = []
        cursor = 0
        deadline = time.monotonic() + 30
        while len(seen) < 3000 and time.monotonic() < deadline:
            entries, cursor = read_metrics(path, cursor)
            seen += [entry["epoch"] for entry in entries]
            if len(seen) < 3000:
                time.sleep(0)
        writer.communicate()
    assert seen == list(range(3000))


def test_what_a_call_returned_from_survives_kill_9(path: Path) -> None:
    with start_writer(path, 1_000_000) as writer:
        assert writer.stdout is not None
        for _ in range(300):
            writer.stdout.readline()
        writer.kill()
        rest = writer.stdout.read()
    acknowledged = 300 + rest.count("\n")
    epochs = [entry["epoch"] for entry in read_metrics(path)[0]]
    assert epochs == list(range(len(epochs)))
    assert len(epochs) >= acknowledged
    write(path, [{"epoch": -1}])
    assert len(json.loads(path.read_text())) == len(epochs) + 1


def test_a_signal_between_a_write_and_its_note_spoils_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = MetricsLog.at(path)
    log.append({"epoch": 1})
    real = os.pwrite

    def interrupted(handle: int, data: bytes, offset: int) -> int:
        real(handle, data, offset)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "pwrite", interrupted)
    with pytest.raises(KeyboardInterrupt):
        log.append({"epoch": 2, "text": "a long entry " * 10})
    monkeypatch.undo()
    log.append({"epoch": 3})
    assert [entry["epoch"] for entry in json.loads(path.read_text())] == [1, 2, 3]


def test_on_a_full_disk_entries_wait_and_training_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = MetricsLog.at(path)
    log.append({"epoch": 0})
    real = os.pwrite

    def full(handle: int, data: bytes, offset: int) -> int:
        if len(data) <= 2:
            return real(handle, data, offset)
        real(handle, data[:7], offset)  # A full disk takes a part, then nothing.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    monkeypatch.setattr("tidebook.runs.waiting.RETRY_SECONDS", 0.0)
    for epoch in range(1, 4):
        log.append({"epoch": epoch})
        assert json.loads(path.read_text()) == [{"epoch": 0}]
    assert (len(log.waiting), log.waiting.dropped) == (3, 0)
    monkeypatch.setattr(os, "pwrite", real)
    log.append({"epoch": 4})
    assert [entry["epoch"] for entry in json.loads(path.read_text())] == [0, 1, 2, 3, 4]
    assert len(log.waiting) == 0


def test_a_short_write_counts_as_a_full_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = MetricsLog.at(path)
    log.append({"epoch": 0})
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda handle, data, offset: real(handle, data[: max(2, len(data) // 2)], offset))
    log.append({"epoch": 1})
    assert json.loads(path.read_text()) == [{"epoch": 0}]
    monkeypatch.undo()
    log.close()
    assert json.loads(path.read_text()) == [{"epoch": 0}, {"epoch": 1}]


def test_what_a_full_queue_drops_is_counted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = MetricsLog.at(path)
    log.waiting._capacity = 5
    log.append({"epoch": 0})

    def full(handle: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", full)
    for epoch in range(1, 9):
        log.append({"epoch": epoch})
    assert (len(log.waiting), log.waiting.dropped) == (5, 3)
    assert log.waiting.fault == "No space left on device"
    monkeypatch.undo()
    log.close()
    assert [entry["epoch"] for entry in json.loads(path.read_text())] == [0, 4, 5, 6, 7, 8]


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(st.text(), PLAIN, max_size=3), max_size=4), st.data())
def test_any_entries_torn_anywhere_read_as_a_beginning_of_them(
    entries: list[dict[str, Any]], data: st.DataObject
) -> None:
    whole = b"[" + b",".join(b"\n" + encode(entry) for entry in entries) + b"\n]"
    assert parse(whole) == (entries, len(whole) - 2)
    cut = data.draw(st.integers(0, len(whole)))
    first, used = parse(whole[:cut])
    assert first == entries[: len(first)]
    rest, _ = parse(whole[used:])
    assert first + rest == entries
