"""What arrives of a run is appended whole, placed safely, and merged with what people say here."""

from __future__ import annotations

import errno
import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from tidebook.core.errors import Conflict, InvalidInput, StorageFailure
from tidebook.records.labels import Labels
from tidebook.runs.liveness import me
from tidebook.runs.metrics_log import MetricsLog
from tidebook.sdk import spool
from tidebook.server.receiving import appending
from tidebook.server.receiving.claiming import claim, claimable
from tidebook.server.receiving.ids import RunIds, id_of
from tidebook.server.receiving.journal import Journal
from tidebook.server.receiving.merging import localized, merged

FIRST = b'[\n{"a":1},\n{"a":2}'
SECOND = b',\n{"b":"x\\n]"},\n{"b":[{}]}'


def add(path: Path, data: bytes, offset: int, **more: Any) -> int:
    """Appends to an array."""
    return appending.append(path, data, array=True, offset=offset, **more)


def test_a_kill_at_any_byte_of_an_append_leaves_whole_entries_to_go_on_from(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "metrics.json"
    add(path, FIRST, 0)
    whole = FIRST + SECOND
    for cut in range(len(FIRST), len(whole) + 2):
        # What a killed pwrite leaves: the new bytes up to some point, and behind them what stood there before.
        torn = (whole + b"\n]")[:cut]
        before = FIRST + b"\n]"
        path.write_bytes(torn + before[len(torn) :])
        length = appending.length(path, array=True)
        assert whole.startswith(whole[:length])
        assert length in {len(FIRST), len(FIRST) + SECOND.rindex(b",\n"), len(whole)}
        rest = whole[length:]
        end = add(path, rest, length) if rest else length
        assert end == len(whole)
        if rest:
            assert path.read_bytes() == whole + b"\n]", cut


def test_a_kill_at_any_byte_of_the_first_append_too(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    for cut in range(len(FIRST) + 2):
        path.write_bytes((FIRST + b"\n]")[:cut])
        length = appending.length(path, array=True)
        assert length in {0, FIRST.index(b",\n"), len(FIRST)}
        if rest := FIRST[length:]:
            add(path, rest, length)
            assert path.read_bytes() == FIRST + b"\n]"


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.json"
    add(path, FIRST, 0)
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda handle, data, at: real(handle, data[:7] if len(data) > 2 else data, at))
    with pytest.raises(StorageFailure):
        add(path, SECOND, len(FIRST))
    monkeypatch.undo()
    assert path.read_bytes() == FIRST + b"\n]"
    assert add(path, SECOND, len(FIRST)) == len(FIRST + SECOND)


def test_a_log_that_begins_anew_keeps_what_it_held(tmp_path: Path) -> None:
    path = tmp_path / "training.log"
    appending.append(path, b"old\n", array=False, offset=0)
    with pytest.raises(Conflict) as refused:
        appending.append(path, b"more\n", array=False, offset=4, before=spool.digest_of(b"odd\n"))
    assert refused.value.details == {"length": 4, "differs": True}
    assert appending.append(path, b"more\n", array=False, offset=4, before=spool.digest_of(b"old\n")) == 9
    assert appending.append(path, b"new\n", array=False, offset=0, anew=True) == 4
    (kept,) = tmp_path.glob("training.replaced-*.log")
    assert (path.read_bytes(), kept.read_bytes()) == (b"new\n", b"old\nmore\n")


def test_a_log_that_a_process_here_writes_is_not_touched(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "run" / "logs" / "metrics.json")
    log.append({"a": 1})
    with pytest.raises(Conflict, match="one writer") as refused:
        add(log.path, b',\n{"a":2}', 9)
    assert "length" not in refused.value.details
    log.close()


def test_a_folder_appears_with_its_labels_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    came = {"project": "secret", "owner": "eve", "tags": {"a": 1, "b": {}}, "pinned": "yes"}
    folder = claim(tmp_path, "run", "a" * 32, {"status": "training"}, came, "ann")
    assert folder.name == "run_2"
    labels = json.loads((folder / "labels.json").read_bytes())
    assert (labels["project"], labels["owner"], labels["pinned"]) == ("secret", "ann", False)
    assert id_of(folder) == "a" * 32

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(StorageFailure):
        claim(tmp_path, "other", "b" * 32, {}, {}, "ann")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run_2"]


def test_a_name_that_leaves_no_room_for_a_number_is_shortened() -> None:
    assert claimable("x" * 240) == "x" * 240
    long = claimable("名" * 85)
    assert len(long.encode()) <= 240
    assert long == claimable("名" * 85) != claimable("名" * 84 + "x")
    for name in (".x", "..", "a/b", "a\u202eb"):
        with pytest.raises(InvalidInput):
            claimable(name)


def test_ids_are_found_in_folders_that_come_go_and_are_renamed(tmp_path: Path) -> None:
    ids = RunIds(tmp_path / "out")
    assert ids.find("a" * 32, "x") is None
    for name, run_id in (("x", "a"), ("y", "b"), ("z", "../x")):
        (tmp_path / "out" / name).mkdir(parents=True)
        (tmp_path / "out" / name / "metadata.json").write_text(json.dumps({"id": run_id * 32}))
    assert ids.find("a" * 32, "y") == tmp_path / "out" / "x"
    (tmp_path / "out" / "x").rename(tmp_path / "out" / "w")
    assert ids.find("a" * 32, "x") == tmp_path / "out" / "w"
    (tmp_path / "out" / "w" / "deleted.json").write_text("{}")
    assert ids.find("a" * 32, "w") is None
    assert ids.find("b" * 32, "gone") == tmp_path / "out" / "y"
    assert id_of(tmp_path / "out" / "z") is None


def test_the_journal_survives_a_torn_line_and_forgets_what_is_outdated(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "journal.jsonl"
    for number in range(1100):
        if number % 100 == 0:
            Journal(path).note("config.json", f"{number}", (1, number))
        with path.open("ab") as file:
            file.write(b"\n" + json.dumps({"path": "metadata.json", "digest": str(number)}).encode())
    with path.open("ab") as file:
        file.write(b'\n{"path":"config.json","dig')
    journal = Journal(path)
    assert journal.received("metadata.json")["digest"] == "1099"
    assert journal.received("config.json")["stamp"] == [1, 1000]
    assert len(path.read_bytes().splitlines()) < 200
    journal.note("labels.json", "x", labels={"notes": "n"})
    assert Journal(path).received("labels.json")["labels"] == {"notes": "n"}


def test_a_file_that_somebody_changed_here_is_read_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    status = (folder / "config.json").stat()
    journal = Journal(tmp_path / "journal")
    journal.note("config.json", "noted", (status.st_size, status.st_mtime_ns))
    assert journal.digests(folder) == {"config.json": "noted"}
    (folder / "config.json").write_text("[1]")
    assert journal.digests(folder) == {"config.json": spool.digest_of(b"[1]")}


@pytest.mark.parametrize(
    ("came", "base", "here", "expected"),
    [
        ({"notes": "n"}, None, Labels(), {"notes": "n"}),
        ({"notes": "n"}, None, Labels(notes="mine"), {"notes": "mine"}),
        ({"notes": "n"}, {"notes": "n"}, Labels(notes="mine"), {"notes": "mine"}),
        ({"notes": "m"}, {"notes": "n"}, Labels(notes="mine"), {"notes": "m"}),
        ({"pinned": True}, {}, Labels(archived=True), {"pinned": True, "archived": True}),
        ({}, {"project": "p"}, Labels(project="p"), {"project": "default"}),
        ({"project": "p"}, {"project": "p"}, Labels(project="moved"), {"project": "moved"}),
        (
            {"tags": {"a": "2"}},
            {"tags": {"a": "1", "b": "1"}},
            Labels(tags={"a": "1", "b": "1", "c": "1"}),
            {"tags": {"a": "2", "c": "1"}},
        ),
        ({"tags": {"a": "1"}}, {"tags": {"a": "1"}}, Labels(tags={"a": "9"}), {"tags": {"a": "9"}}),
        ({"tags": {"a": "1"}}, None, Labels(tags={"a": "9"}), {"tags": {"a": "9"}}),
        ({"tags": [1]}, {"tags": "x"}, Labels(tags={"a": "9"}), {"tags": {"a": "9"}}),
    ],
)
def test_labels_follow_the_side_that_changed(
    came: dict[str, Any], base: dict[str, Any] | None, here: Labels, expected: dict[str, Any]
) -> None:
    result = merged(came, base, here)
    assert {name: result[name] for name in expected} == expected
    assert "owner" not in result


def test_a_writer_on_a_machine_with_our_name_is_not_taken_for_a_process_here(tmp_path: Path) -> None:
    def writer(value: object) -> Any:
        return localized({"writer": value}, run_id="a" * 32, folder=tmp_path).get("writer")

    mine = me()
    assert writer(mine) == mine
    assert writer({**mine, "started": 1.0})["host"] != socket.gethostname()
    assert writer({"pid": "x", "host": socket.gethostname()})["host"] != socket.gethostname()
    assert writer({**mine, "host": "elsewhere"})["host"] == "elsewhere"
    assert writer("nobody") is None


def test_of_a_log_that_went_another_way_the_bytes_are_looked_at_before_the_entries(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    add(path, FIRST, 0)
    ours = b'[\n{"loss":100.5},\n{"loss":101.5}'
    at = len(FIRST)
    assert ours[at : at + 2] != b",\n"
    with pytest.raises(Conflict) as refused:
        add(path, ours[at:], at, before=spool.digest_of(ours[:at]))
    assert refused.value.details == {"length": at, "differs": True}
    assert add(path, ours, 0, anew=True) == len(ours)
    (kept,) = tmp_path.glob("metrics.replaced-*.json")
    assert (path.read_bytes(), kept.read_bytes()) == (ours + b"\n]", FIRST + b"\n]")


def test_a_log_that_a_process_here_writes_is_not_taken_from_it_to_begin_anew(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path / "run" / "logs" / "metrics.json")
    log.append({"a": 1})
    with pytest.raises(Conflict, match="one writer"):
        add(log.path, FIRST, 0, anew=True)
    log.append({"a": 2})
    log.close()
    assert json.loads(log.path.read_bytes()) == [{"a": 1}, {"a": 2}]
    assert [each.name for each in log.path.parent.iterdir()] == ["metrics.json"]


def test_a_process_that_opens_a_log_while_it_begins_anew_writes_into_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = MetricsLog(tmp_path / "run" / "logs" / "metrics.json")
    add(log.path, FIRST, 0)
    met = []
    real = os.replace

    def met_by_a_writer(source: Any, target: Any) -> None:
        for done in (False, True):  # before it and after
            if done:
                real(source, target)
            try:
                log.append({"b": 1})
            except Conflict:
                met.append("refused")
            else:
                met.append("written")
                log.close()

    monkeypatch.setattr(os, "replace", met_by_a_writer)
    add(log.path, b'[\n{"c":1}', 0, anew=True)
    monkeypatch.undo()
    assert met == ["refused", "written"]
    log.append({"b": 2})
    log.close()
    assert json.loads(log.path.read_bytes()) == [{"c": 1}, {"b": 1}, {"b": 2}]
    (kept,) = log.path.parent.glob("metrics.replaced-*.json")
    assert kept.read_bytes() == FIRST + b"\n]"


def test_what_is_refused_or_does_not_fit_leaves_a_log_that_begins_anew_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "metrics.json"
    with pytest.raises(InvalidInput):
        add(path, b"[\n1", 0)
    assert not list(tmp_path.iterdir())
    add(path, FIRST, 0)
    with pytest.raises(InvalidInput):
        add(path, b"[\n1", 0, anew=True)
    monkeypatch.setattr(os, "write", lambda handle, data: 1)
    with pytest.raises(StorageFailure):
        add(path, FIRST, 0, anew=True)
    monkeypatch.undo()
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("metrics.json", FIRST + b"\n]")]


def test_where_no_file_can_have_two_names_a_log_that_begins_anew_is_kept_as_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    path = tmp_path / "metrics.json"
    add(path, FIRST, 0)
    monkeypatch.setattr(os, "link", refused)
    add(path, b'[\n{"c":1}', 0, anew=True)
    (kept,) = tmp_path.glob("metrics.replaced-*.json")
    assert (path.read_bytes(), kept.read_bytes()) == (b'[\n{"c":1}\n]', FIRST + b"\n]")


@pytest.mark.parametrize("levels", [250, 251, 600])
def test_an_entry_nested_deeper_than_anything_may_be_is_refused(tmp_path: Path, levels: int) -> None:
    path = tmp_path / "metrics.json"
    entry = b'{"step":0,"x":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"
    if levels == 250:
        assert add(path, b"[\n" + entry, 0) == 2 + len(entry)
        return
    with pytest.raises(InvalidInput, match="metrics.json must be JSON .* nested at most 250 deep"):
        add(path, b"[\n" + entry, 0)
    assert not path.exists()
