from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tidebook.core import files
from tidebook.core.errors import InvalidInput, NotFound, StorageFailure


def test_a_json_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "fact.json"
    files.write_json(path, {"name": "药店", "value": 1})
    files.write_json(path, {"name": "药店", "value": 2})
    assert files.read_json(path) == {"name": "药店", "value": 2}
    assert "药店" in path.read_text(encoding="utf-8")
    assert [entry.name for entry in path.parent.iterdir()] == ["fact.json"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "fact.json"
    files.write_json(path, {"value": 1})
    with pytest.raises(StorageFailure, match="no space left on the disk") as caught, files.replacing(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "nothing was half written" in str(caught.value)
    assert files.read_json(path) == {"value": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["fact.json"]


@pytest.mark.parametrize("later", [False, True])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: bool
) -> None:
    path = tmp_path / "fact.json"
    files.write_json(path, {"value": 1})
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: real(handle, data[:3]))  # The disk is full in the middle.
    with pytest.raises(StorageFailure, match="no space left on the disk"):
        files.write_json(path, {"value": 2}, later=later)
    monkeypatch.undo()
    assert files.read_json(path) == {"value": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["fact.json"]


def test_a_file_of_the_longest_name_can_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / ("药" * 83 + ".json")
    files.write_json(path, {"value": 1})
    assert files.read_json(path) == {"value": 1}


@pytest.mark.parametrize("hostile", ["..", ".", "", "a\x00b", "a\nb", "x" * 256, "a\\b"])
def test_a_hostile_segment_is_refused(tmp_path: Path, hostile: str) -> None:
    with pytest.raises(InvalidInput, match="must be 1 to 255 bytes"):
        files.safe_join(tmp_path, "fine", hostile)


@pytest.mark.parametrize("hostile", ["../x", "/etc/passwd", "a/../../x", "a//b"])
def test_a_path_cannot_leave_its_folder(tmp_path: Path, hostile: str) -> None:
    with pytest.raises(InvalidInput):
        files.safe_join(tmp_path, hostile)


def test_links_that_lead_in_a_circle_are_refused_and_those_inside_are_not(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "folder").mkdir()
    (tmp_path / "inside").symlink_to("folder")
    with pytest.raises(InvalidInput, match="must stay inside"):
        files.safe_join(tmp_path, "circle", "file")
    assert files.safe_join(tmp_path, "inside", "file") == tmp_path / "inside" / "file"


def test_a_link_that_leads_outside_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path)
    with pytest.raises(InvalidInput, match="stay inside its folder"):
        files.safe_join(inside, "link", "secret")


def test_chinese_names_are_fine(tmp_path: Path) -> None:
    assert files.safe_join(tmp_path, "药店/维生素") == tmp_path / "药店" / "维生素"


def test_a_broken_json_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(NotFound, match=r"broken\.json must be JSON"):
        files.read_json(tmp_path / "broken.json")
    with pytest.raises(NotFound, match=r"no file absent\.json"):
        files.read_json(tmp_path / "absent.json")
