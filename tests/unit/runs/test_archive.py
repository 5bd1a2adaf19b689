from __future__ import annotations

import json
import os
import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from tests.unit.runs.example import train
from tidebook.core.errors import DataFault, InvalidInput, NotFound, TidebookError, TooLarge
from tidebook.records import labels
from tidebook.runs.archive import pack, unpack
from tidebook.runs.names import check_run_name
from tidebook.runs.record import summary


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != "labels.json")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_runs_arrive_on_another_machine_as_they_were(out: Path, tmp_path: Path) -> None:
    runs = [train(out), train(out, model_type="gru")]
    labels.change(runs[0].folder, tags={"team": "east"}, owner="USER1", project="east")
    (runs[0].folder / "link").symlink_to(tmp_path / "elsewhere")
    archive, there = tmp_path / "runs.zip", tmp_path / "there"
    pack([run.folder for run in runs], archive)
    unpacked = unpack(archive, there)
    assert unpacked.runs == {run.run_name: run.run_name for run in runs}
    (runs[0].folder / "link").unlink()
    for run in runs:
        assert files(there / run.run_name) == files(run.folder)
    arrived = summary(there / runs[0].run_name)
    assert (arrived["project"], arrived["tags"], arrived["owner"]) == ("east", {"team": "east"}, None)


def test_what_is_there_already_stays_and_a_twin_gets_a_number(out: Path, tmp_path: Path) -> None:
    run = train(out, run_name="same")
    archive, there = tmp_path / "runs.zip", tmp_path / "there"
    pack([run.folder], archive)
    other = train(there, run_name="same")
    assert unpack(archive, there).runs == {"same": "same_2"}
    again = unpack(archive, there)
    assert (again.runs, again.present) == ({}, ["same"])
    assert summary(there / "same")["id"] == summary(other.folder)["id"] != summary(run.folder)["id"]


def with_entry(path: Path, name: str, content: bytes = b"{}", mode: int = stat.S_IFREG) -> Path:
    """An archive of a run and one more entry."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run/metadata.json", "{}")
        info = zipfile.ZipInfo(name)
        info.external_attr = (mode | 0o644) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, content)
    return path


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", "run/../../evil", "run/./x", "run//x", "run\\..\\x", "evil", ".hidden/metadata.json",
     "run/a\nb"],
)  # fmt: skip
def test_a_path_that_leaves_its_run_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    archive = with_entry(tmp_path / "runs.zip", name)
    with pytest.raises(InvalidInput):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "evil").exists()


def test_a_name_with_a_zero_byte_is_refused_and_not_cut(tmp_path: Path) -> None:
    archive = with_entry(tmp_path / "runs.zip", "run/file_1")
    archive.write_bytes(archive.read_bytes().replace(b"run/file_1", b"run/file\x001"))
    with pytest.raises(InvalidInput, match="without '/'"):
        unpack(archive, tmp_path / "out")


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    archive = with_entry(tmp_path / "runs.zip", "run/link", b"/etc", stat.S_IFLNK)
    with pytest.raises(InvalidInput, match="plain files"):
        unpack(archive, tmp_path / "out")


def test_an_archive_that_would_fill_the_disk_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    archive = with_entry(tmp_path / "runs.zip", "run/zeros", bytes(5_000_000))
    assert archive.stat().st_size < 10_000
    with pytest.raises(TooLarge, match="5,000,002 bytes"):
        unpack(archive, tmp_path / "out", max_bytes=1_000_000)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_size_that_is_a_lie_does_not_help(tmp_path: Path) -> None:
    archive = with_entry(tmp_path / "runs.zip", "run/zeros", bytes(5_000_000))
    content = archive.read_bytes()
    archive.write_bytes(content.replace((5_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with pytest.raises(DataFault):
        unpack(archive, tmp_path / "out", max_bytes=1_000_000)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_damaged_archive_adds_nothing(out: Path, tmp_path: Path) -> None:
    archive, there = tmp_path / "runs.zip", tmp_path / "there"
    pack([train(out).folder], archive)
    whole = archive.read_bytes()
    end = len(whole) - 22  # of the record that says where everything is
    for place in [*range(0, end, max(1, end // 20)), *range(end, len(whole))]:
        archive.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            unpack(archive, there)
        except TidebookError:
            pass
        else:  # A byte that nothing depends on.
            assert all(summary(folder)["problems"] == [] for folder in there.iterdir())
        assert not list(there.glob(".*"))
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataFault, match="must be a zip archive of runs"):
        unpack(archive, there)


def test_what_is_no_archive_of_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="The archive must exist"):
        unpack(tmp_path / "none.zip", tmp_path)
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("folder/readme.txt", "hello")
    with pytest.raises(InvalidInput, match="must be one of a run"):
        unpack(other, tmp_path / "out")
    with zipfile.ZipFile(other, "w"):
        pass
    with pytest.raises(DataFault, match="it holds no run"):
        unpack(other, tmp_path / "out")


def test_a_run_that_stands_in_an_archive_twice_is_added_once(out: Path, tmp_path: Path) -> None:
    run = train(out, run_name="first")
    shutil.copytree(run.folder, out / "second")
    pack([out / "first", out / "second"], tmp_path / "runs.zip")
    unpacked = unpack(tmp_path / "runs.zip", tmp_path / "there")
    assert (unpacked.runs, unpacked.present) == ({"first": "first"}, ["second"])


def test_a_bad_run_in_the_middle_leaves_nothing_of_the_others(out: Path, tmp_path: Path) -> None:
    runs = [train(out, run_name="a"), train(out, run_name="c")]
    (out / "b").mkdir()
    (out / "b" / "readme.txt").write_text("no run")
    pack([runs[0].folder, out / "b", runs[1].folder], tmp_path / "runs.zip")
    with pytest.raises(InvalidInput, match="must be one of a run, but got b"):
        unpack(tmp_path / "runs.zip", tmp_path / "there")
    assert list((tmp_path / "there").iterdir()) == []


def test_what_was_added_before_an_end_is_told(out: Path, tmp_path: Path) -> None:
    runs = [train(out, run_name="a"), train(out, run_name="n" * 255)]
    pack([run.folder for run in runs], tmp_path / "runs.zip")
    there = tmp_path / "there"
    (there / ("n" * 255)).mkdir(parents=True)
    with pytest.raises(InvalidInput, match=r"longer than the disk allows.*Before that, a had been added\.") as raised:
        unpack(tmp_path / "runs.zip", there)
    assert raised.value.details == {"added": ["a"]}
    assert sorted(path.name for path in there.iterdir()) == ["a", "n" * 255]


def test_a_leftover_of_a_killed_import_is_in_nobodys_way(out: Path, tmp_path: Path) -> None:
    run = train(out, run_name="short")
    pack([run.folder], tmp_path / "runs.zip")
    (tmp_path / "there" / f".import-{os.getpid()}-short").mkdir(parents=True)
    assert unpack(tmp_path / "runs.zip", tmp_path / "there").runs == {"short": "short"}


def test_long_names_are_taken_and_those_beyond_the_disk_refused_in_words(out: Path, tmp_path: Path) -> None:
    run = train(out, run_name="名" * 80)
    pack([run.folder], tmp_path / "runs.zip")
    assert unpack(tmp_path / "runs.zip", tmp_path / "there").runs == {run.run_name: run.run_name}
    deep = with_entry(tmp_path / "deep.zip", "run/" + "/".join(["d" * 255] * 20) + "/x")
    with pytest.raises(InvalidInput, match="longer than the disk allows"):
        unpack(deep, tmp_path / "there")
    assert [path.name for path in (tmp_path / "there").iterdir()] == [run.run_name]


def made(path: Path, **runs: object) -> Path:
    """An archive of runs by their names, with these ids."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, run_id in runs.items():
            archive.writestr(f"{name}/metadata.json", json.dumps({"status": "completed", "id": run_id}))
    return path


def test_an_id_that_is_no_text_keeps_no_other_run_out(out: Path, tmp_path: Path) -> None:
    for number, run_id in enumerate(({"x": 1}, [1], 7, None, "d" * 32)):
        unpack(made(tmp_path / "runs.zip", **{f"run{number}": run_id}), out)
    assert sorted(folder.name for folder in out.iterdir()) == [f"run{number}" for number in range(5)]
    assert unpack(made(tmp_path / "runs.zip", other="d" * 32), out).present == ["other"]


def test_a_name_that_cannot_be_shown_becomes_one_that_can(out: Path, tmp_path: Path) -> None:
    names = {"my\u00a0run": "my-run", "run\u200b": "run-", "a\u202eb": "a-b", "\u200b.x": "-.x", "好": "好"}
    assert unpack(made(tmp_path / "runs.zip", **dict.fromkeys(names)), out).runs == names
    assert all(check_run_name(folder.name) for folder in out.iterdir())
