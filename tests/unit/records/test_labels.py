"""What people say of a run: labels.json."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tidebook.core.errors import InvalidInput, NotFound
from tidebook.records import labels
from tidebook.records.labels import Labels


def test_a_run_without_labels_is_in_the_default_project_and_nobodys(tmp_path: Path) -> None:
    assert labels.read(tmp_path) == Labels(
        project="default", owner=None, tags={}, notes="", pinned=False, archived=False
    )


def test_changes_are_kept_and_leave_the_rest_alone(tmp_path: Path) -> None:
    labels.change(tmp_path, project="demand-east", tags={"team": "east", "fold": 3}, notes="第一行\nsecond")
    labels.change(tmp_path, pinned=True, owner="USER1")
    assert labels.read(tmp_path) == Labels(
        "demand-east", "USER1", {"team": "east", "fold": "3"}, "第一行\nsecond", pinned=True
    )
    assert json.loads((tmp_path / "labels.json").read_text()) == {
        "format_version": 1,
        "project": "demand-east",
        "owner": "USER1",
        "tags": {"team": "east", "fold": "3"},
        "notes": "第一行\nsecond",
        "pinned": True,
        "archived": False,
    }


def test_tags_are_added_overwritten_and_taken_away_one_by_one(tmp_path: Path) -> None:
    labels.change(tmp_path, tags={"a": "1", "b": "2"})
    assert labels.change(tmp_path, tag={"b": 3, "c": True, "a": None, "unknown": None}).tags == {"b": "3", "c": "true"}
    assert labels.change(tmp_path, tags={}).tags == {}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"project": "East"}, "A project's name must be 1 to 64 of the characters"),
        ({"project": "x" * 65}, "A project's name must be"),
        ({"project": "../x"}, "A project's name must be"),
        ({"project": None}, "A project's name must be"),
        ({"tags": {"": "x"}}, "A tag must have a name of text"),
        ({"tags": {"k" * 101: "x"}}, "The name of a tag must be text of at most 100 characters"),
        ({"tags": {"k": "v" * 501}}, "must be text of at most 500 characters"),
        ({"tags": {"k\n": "v"}}, "in one line"),
        ({"tags": {"k": ["v"]}}, "must be text"),
        ({"tags": "east"}, "The tags must be a dictionary"),
        ({"notes": "n" * 20_001}, "The notes must be text of at most 20000 characters"),
        ({"notes": "\ud800"}, "must be text that UTF-8 can hold"),
        ({"pinned": "yes"}, "The pinned must be true or false"),
        ({"colour": "red"}, "A label must be one of archived, notes, owner, pinned, project, tags"),
    ],
)
def test_what_breaks_a_rule_is_refused_and_nothing_is_written(
    tmp_path: Path, change: dict[str, Any], rule: str
) -> None:
    with pytest.raises(InvalidInput, match=rule):
        labels.change(tmp_path, **change)
    assert list(tmp_path.iterdir()) == []


def test_there_are_no_labels_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="A run must exist to be labelled, but got gone"):
        labels.change(tmp_path / "gone", pinned=True)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"project": "No Such", "tags": 7}', '{"project": null}'])
def test_labels_that_cannot_be_read_are_told_and_put_the_run_in_nobodys_sight(tmp_path: Path, content: str) -> None:
    (tmp_path / "labels.json").write_text(content)
    problems: list[str] = []
    assert labels.read(tmp_path, problems) == Labels(project="?")
    assert problems
    assert all(problem.startswith("labels.json") for problem in problems)


def test_what_of_the_labels_can_be_read_is(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('{"project": "east", "tags": {"a": "1"}, "pinned": "yes", "later": 1}')
    problems: list[str] = []
    assert labels.read(tmp_path, problems) == Labels("east", tags={"a": "1"})
    assert problems == ["labels.json: The pinned must be true or false, but got 'yes'. Give true or false."]


def test_processes_that_tag_at_once_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tidebook.records import labels\n"
        "for i in range(25): labels.change(Path(sys.argv[1]), tag={f'{sys.argv[2]}{i}': i})"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), name]) for name in "abc"]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert len(labels.read(tmp_path).tags) == 75


def test_a_change_that_depends_on_the_labels_sees_those_of_everybody_before_it(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tidebook.records import labels\n"
        "for i in range(25): labels.change(Path(sys.argv[1]), using=lambda here: {'notes': here.notes + 'x'})"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert labels.read(tmp_path).notes == "x" * 75
    with pytest.raises(InvalidInput, match="A project's name must be"):
        labels.change(tmp_path, using=lambda _: {"project": "No Such"})


def test_a_run_has_no_more_tags_than_a_list_can_show(tmp_path: Path) -> None:
    labels.change(tmp_path, tags={f"k{number}": "v" for number in range(labels.MAX_TAGS)})
    with pytest.raises(InvalidInput, match="A run must have at most 500 tags, but got 501"):
        labels.change(tmp_path, tag={"more": "v"})
    with pytest.raises(InvalidInput, match="A run must have at most 500 tags"):
        labels.change(tmp_path, tags={f"k{number}": "v" for number in range(501)})
    assert len(labels.read(tmp_path).tags) == labels.MAX_TAGS


@pytest.mark.parametrize("name", ["project", "owner", "tags", "notes", "pinned"])
def test_labels_that_are_nested_without_end_are_told_like_any_fault(tmp_path: Path, name: str) -> None:
    (tmp_path / "labels.json").write_text(f'{{"{name}": {"[" * 1000}{"]" * 1000}}}')
    problems: list[str] = []
    labels.read(tmp_path, problems)
    assert [problem.split(":")[0] for problem in problems] == ["labels.json"]
    assert len(problems[0]) < 300


def test_labels_that_are_too_large_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text('{"project": "east"' + " " * (16 << 20) + "}")
    problems: list[str] = []
    assert labels.read(tmp_path, problems) == Labels(project="?")
    assert problems == ["labels.json is too large: 16,777,235 bytes, more than 16,777,216"]
