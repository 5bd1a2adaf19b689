from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tidebook.cli.output import console, harmless, print_error, print_table, time_of
from tidebook.cli.words import language
from tidebook.core.errors import InvalidInput, NotFound, nearest


@pytest.mark.parametrize("text", ["[/red]", "[bold]x", "\\[/x]", "a\\", "]["])
def test_names_and_values_are_shown_as_they_are_whatever_signs_they_hold(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table([text, "b"], [[text, 1.0]])
    assert capsys.readouterr().out.count(text) == 2
    print_error(InvalidInput(text, got=text, fix=text), as_json=False)
    assert capsys.readouterr().err.count(text) == 3


def test_no_text_commands_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b]0;title\x07\x1b[31mred\x9b2J"
    print_table(["a", hostile], [[hostile, "中文 ✓"]])
    shown = capsys.readouterr().out
    assert not any(sign in shown for sign in ("\x1b", "\x07", "\x9b"))
    assert "中文 ✓" in shown
    assert harmless("two\nlines\tand a tab") == "two\nlines\tand a tab"


def test_an_error_speaks_the_language_of_the_user(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = NotFound("The run must exist", got="abc", fix=nearest("abc", ["abd"]))
    monkeypatch.setenv("TIDEBOOK_LANGUAGE", "zh_CN")
    language.cache_clear()
    try:
        print_error(error, as_json=False)
        print_error(InvalidInput("[/red]", got="[bold]x", fix="a\\"), as_json=False)
    finally:
        language.cache_clear()
    assert capsys.readouterr().err == "✗ 运行必须存在\n  abc\n  → 您指的是 abd 吗？\n✗ [/red]\n  [bold]x\n  → a\\\n"


@pytest.mark.parametrize("json", [False, True])
def test_the_command_line_answers_in_chinese_and_its_json_in_english(json: bool, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tidebook", "--home", str(tmp_path), "runs", "show", "no-such-run"]
    environment = {**os.environ, "LANG": "zh_CN.UTF-8", "TIDEBOOK_LANGUAGE": "", "LC_ALL": "", "LC_MESSAGES": ""}
    done = subprocess.run(
        [*command, *(["--json"] if json else [])], env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == NotFound.exit_code
    assert ("运行必须存在" in done.stderr) is not json
    assert ('"rule": "A run must exist"' in done.stderr) is json


def test_what_is_whole_is_neither_broken_nor_cut_and_hides_no_other_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "width", 80)
    address, moment = f"product/{'P001' * 12}_all/seasonal_naive/v1", "2026-11-21 18:58"
    print_table(["Version", "WAPE", "", "Made"], [[address, 0.12345, "best production", moment]], whole={0, 3})
    (line,) = [line for line in capsys.readouterr().out.splitlines() if address in line]
    assert "0.1235" in line
    assert moment in line


def test_a_moment_has_one_form_in_all_tables() -> None:
    shown = datetime(2026, 1, 2, 3, 4, tzinfo=UTC).astimezone()
    for text in ("2026-01-02T03:04:59.123+00:00", "2026-01-02T11:04:05+08:00"):
        assert time_of(text) == f"{shown:%Y-%m-%d %H:%M}"
    assert time_of("2026-01-02T03:04:05") == "2026-01-02 03:04"
    assert [time_of(each) for each in (None, "yesterday", "0001-01-01T00:00:00+14:00")][:2] == ["–", "yesterday"]
