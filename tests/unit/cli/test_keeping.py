"""cleanup, archive, fsck, backup and restore on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.unit.retention.homes import LINE, forecast, publish, run
from tidebook.cli.app import app
from tidebook.cli.words import words
from tidebook.core.settings import Settings
from tidebook.records import forecast as forecasts
from tidebook.registry import ModelManager

RUNNER = CliRunner()
CODES = ("too_old", "beyond_newest")


def told(*arguments: str, code: int = 0) -> Any:
    """What a command prints as JSON."""
    done = RUNNER.invoke(app, [*arguments, "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def shown(*arguments: str, code: int = 0, language: str = "en") -> subprocess.CompletedProcess[str]:
    """What a command prints for people, in a process of its own without a terminal."""
    command = [sys.executable, "-m", "tidebook", *arguments]
    env = {**os.environ, "TIDEBOOK_LANGUAGE": language, "COLUMNS": "200"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def home(settings: Settings) -> Settings:
    """Five versions, of which one goes, an old forecast and a young one, and a run."""
    for n in range(5):
        publish(settings, wape=None, day=n + 1)
    forecast(settings, f"{LINE}/v2", days=50)
    forecast(settings, f"{LINE}/v2", days=1)
    run(settings, "run_1", days=500)
    return settings


def test_a_cleanup_shows_its_plan_and_changes_nothing_unless_it_is_told_to(home: Settings) -> None:
    made = told("cleanup", "--dry-run")
    assert {item["id"] for item in made["items"] if item["goes"] and item["kind"] == "version"} == {f"{LINE}/v1"}
    assert sum(row["going"] for row in made["summary"]) == 2
    assert [row["kept_bytes"] > 0 for row in made["summary"]] == [True, True, True]
    assert told("cleanup", "--dry-run")["digest"] == made["digest"]
    refused = shown("cleanup", code=2)
    assert "--dry-run" in refused.stderr
    assert len(ModelManager(home).list_models()["models"]) == 5
    assert f"{LINE}/v1" in shown("cleanup", "--dry-run").stdout
    assert "计划" not in shown("cleanup", "--dry-run").stdout
    assert "最新" in shown("cleanup", "--dry-run", language="zh").stdout


def test_a_cleanup_follows_the_rules_that_were_set_on_the_command_line(home: Settings) -> None:
    [before] = told("policies", "list")
    assert (before["versions"], before["action"]) == ({"newest": 3}, "delete")
    changed = told("policies", "set", "default", "--versions", "1", "--forecast-days", "none", "--action", "archive")
    assert changed["forecasts"] == {"days": None, "newest": 1000}
    assert told("policies", "list") == [changed]
    outcome = told("cleanup", "--yes")
    assert (outcome["deleted"], outcome["archived"]) == (0, 2)
    people = shown("policies", "list").stdout
    assert people.split("\n")[1].split() == ["default", "—", "1,000", "1", "—", "—", "archive"]
    assert "保留规则" in shown("policies", "set", "default", "--completed-days", "90", language="zh").stdout
    assert told("policies", "list")[0]["runs"] == {"completed_days": 90, "failed_days": None}
    assert told("policies", "set", "default", "--versions", "1000000000")["versions"] == {"newest": 10**9}
    assert told("policies", "set", "default", "--versions", "0" * 5_000 + "7")["versions"] == {"newest": 7}
    assert told("policies", "reset", "default") == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing", "--versions", "1"), "must exist"),
        (("default", "--versions", "-1"), "--versions must be a whole number from 0 to 1,000,000,000 or none"),
        (("default", "--forecasts", "many"), "--forecasts must be a whole number from 0 to 1,000,000,000 or none"),
        (("default", "--forecasts", ""), "--forecasts must be a whole number from 0 to 1,000,000,000 or none"),
        (("default", "--versions", "9" * 5_000), "--versions must be a whole number from 0 to 1,000,000,000 or none"),
        (("default", "--failed-days", "1000000001"), "Use none where there is to be no such rule."),
        (("default", "--action", "burn"), "action must be delete or archive"),
    ],
)
def test_a_rule_that_makes_no_sense_changes_nothing(home: Settings, arguments: tuple[str, ...], said: str) -> None:
    [before] = told("policies", "list")
    refused = subprocess.run(
        [sys.executable, "-m", "tidebook", "policies", "set", *arguments], capture_output=True, text=True, check=False
    )
    assert refused.returncode in {2, 4}
    assert said in " ".join(refused.stderr.split())
    assert told("policies", "list") == [before]


def test_a_cleanup_that_was_agreed_to_is_carried_out_once(home: Settings) -> None:
    told("projects", "add", "nothing")
    assert told("cleanup", "--yes", "--project", "nothing")["deleted"] == 0
    assert "must exist" in shown("cleanup", "--dry-run", "--project", "unknown", code=4).stderr
    assert told("cleanup", "--yes")["deleted"] == 2
    assert len(ModelManager(home).list_models()["models"]) == 4
    assert len(forecasts.every(home)) == 1
    assert told("cleanup", "--yes") == {"deleted": 0, "archived": 0, "bytes": 0, "spared": 0, "left": 0, "failed": []}
    assert "0" in shown("cleanup", "--yes").stdout


def test_things_are_archived_listed_and_restored(home: Settings) -> None:
    name = next(iter(forecasts.every(home)))
    assert told("archive", "list") == {"items": [], "more": False}
    assert told("archive", "add", f"{LINE}/v1", name, "run_1")["archived"] == [f"{LINE}/v1", name, "run_1"]
    listed = told("archive", "list")["items"]
    assert {(item["kind"], item["id"]) for item in listed} == {
        ("version", f"{LINE}/v1"),
        ("forecast", name),
        ("run", "run_1"),
    }
    assert "run_1" in shown("archive", "list").stdout
    assert "tidebook archive restore run_1" in shown("runs", "show", "run_1", code=4).stderr
    again = told("archive", "add", "run_1")
    assert (again["archived"], again["already"]) == ([], ["run_1"])
    assert shown("archive", "add", "run_1").stdout == "run_1 was in the archive already.\n"
    assert told("archive", "restore", name, "run_1")["restored"] == [name, "run_1"]
    failed = told("archive", "restore", "run_1", f"{LINE}/v9", code=5)["failed"]
    assert [each["id"] for each in failed] == ["run_1", f"{LINE}/v9"]
    assert [item["id"] for item in told("archive", "list")["items"]] == [f"{LINE}/v1"]


def test_fsck_ends_with_one_while_something_wrong_is_left(home: Settings) -> None:
    told("reindex")
    assert told("fsck") == {"findings": [], "left": 0}
    assert told("fsck", "--quick")["left"] == 0
    (home.saved_models / LINE / "v1" / "notes.txt").write_text("mine")
    (home.saved_models / LINE / "v2" / "model.pth").unlink()
    found = told("fsck", code=1)
    assert [each["code"] for each in found["findings"]] == ["version_foreign", "version_missing"]
    assert [each["can_be_mended"] for each in found["findings"]] == [True, False]
    assert "→ With --repair: It is moved to lost+found." in shown("fsck", code=1).stdout
    people = shown("fsck", "--repair", code=1).stdout
    assert "lost+found" in people
    assert "notes.txt" in people
    assert [each["code"] for each in told("fsck", code=1)["findings"]] == ["version_missing"]
    assert "缺失" in shown("fsck", language="zh", code=1).stdout


def test_lists_that_a_command_left_behind_are_told_and_are_no_fault(home: Settings) -> None:
    told("reindex")
    added = publish(home, wape=None, day=6)
    found = told("fsck")
    assert [(each["path"], each["is_fault"]) for each in found["findings"]] == [(f"version {added}", False)]
    assert found["left"] == 0
    assert "A server does so by itself as it starts." in shown("fsck").stdout
    assert told("fsck", "--repair")["left"] == 0
    assert told("fsck") == {"findings": [], "left": 0}


def test_a_home_is_backed_up_and_restored(home: Settings, tmp_path: Path) -> None:
    made = told("backup", str(tmp_path / "copy.tar.zst"))
    assert made["left_out"] == []
    assert told("backup", str(tmp_path / "folder"))["files"] == made["files"]
    assert told("restore", str(tmp_path / "copy.tar.zst"), str(tmp_path / "there"))["files"] == made["files"]
    assert len(ModelManager(Settings(home=tmp_path / "there")).list_models()["models"]) == 5
    assert "not" in shown("restore", str(tmp_path / "folder"), str(tmp_path / "there"), code=5).stderr
    assert "tokens" in shown("backup", str(tmp_path / "other")).stdout
    refused = shown("backup", str(tmp_path / "home-2026-11-21.zip"), code=2)
    assert ".tar.zst or .tzst" in refused.stderr
    assert not (tmp_path / "home-2026-11-21.zip").exists()


def test_a_home_that_has_moved_tells_where_its_archive_is_now(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = next(iter(forecasts.every(home)))
    told("archive", "add", f"{LINE}/v1", name, "run_1")
    assert len(told("archive", "list")["items"]) == 3
    moved = tmp_path / "moved"
    home.home.rename(moved)
    monkeypatch.setenv("TIDEBOOK_HOME", str(moved))
    places = {item["url"] for item in told("archive", "list")["items"]}
    assert places == {str(path) for path in (moved / "archive").rglob("*.tar.zst")}
    assert ModelManager(Settings()).get(f"{LINE}/v1")["archived"]["url"] in places
    assert told("archive", "restore", f"{LINE}/v1", name, "run_1")["failed"] == []


def test_every_reason_to_go_is_told_in_words() -> None:
    for code in CODES:
        assert words(f"reason_{code}", days=30, newest=3, rank=5)


def test_a_plan_can_say_of_everything_why_it_stays(home: Settings) -> None:
    ModelManager(home).set_alias(f"{LINE}/v3", "production")
    shorter = shown("cleanup", "--dry-run").stdout
    assert f"{LINE}/v5" not in shorter
    for language, best in (("en", "the best of its line"), ("zh", "同系列最佳")):
        whole = shown("cleanup", "--dry-run", "--all", language=language).stdout
        for n in range(1, 6):
            assert f"{LINE}/v{n}" in whole
        assert best in whole
        assert "production" in whole


def test_every_reason_of_a_plan_is_told_in_words() -> None:
    values = {"days": 30, "newest": 3, "rank": 5, "alias": "production", "count": 2, "of": "product/P001_all/lstm/v1"}
    codes = ("best", "alias", "pinned", "forecast", "newest", "young", "no_rule", "live", "newest_of_line", "member")
    for code in codes:
        assert words(f"reason_{code}", **values)
