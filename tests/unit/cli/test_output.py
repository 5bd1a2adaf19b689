from __future__ import annotations

import pytest

from tidebook.cli.output import harmless, print_error, print_table
from tidebook.core.errors import InvalidInput


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
