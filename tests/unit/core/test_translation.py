"""Errors in Chinese: each text in the source has its translation, and values pass through as they are."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from importlib.resources import files

import pytest

from tests.unit.core.error_templates import Reader
from tidebook.core.errors import InvalidInput, NotFound, TidebookError, nearest
from tidebook.core.translation import Template, problem_in, text_in

BOOK: dict[str, dict[str, str]] = json.loads(
    files("tidebook.core").joinpath("locales/errors.zh.json").read_text(encoding="utf-8")
)
SIGNS = BOOK.pop("signs")
EVERYWHERE = {"words", "reasons"}  #: roles whose texts may stand under any other
ODD = [
    "{1}",
    "{",
    "}{",
    "%s %d %%",
    "a\nb\r\n\tc",
    "x" * 10_000,
    ".*+?^$()[]|\\",
    ", but got ",
    "\0",
    "\ud800",
    "中文",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    " ",
]


@pytest.fixture(scope="module")
def written() -> dict[tuple[str, str], str]:
    """The texts in the source and where they are."""
    return Reader().read()


def test_every_text_of_an_error_has_a_chinese_translation(written: dict[tuple[str, str], str]) -> None:
    known = {role: set(map(_bare, texts)) for role, texts in BOOK.items()}
    anywhere = set().union(*known.values())
    lacking = [
        f"{where}  in {role}: {json.dumps(text)}"
        for (role, text), where in written.items()
        if _bare(text) not in (anywhere if role in EVERYWHERE else known[role])
    ]
    assert not lacking, "add to core/locales/errors.zh.json:\n" + "\n".join(lacking)


def test_no_translation_is_of_a_text_that_is_gone(written: dict[tuple[str, str], str]) -> None:
    there = {(role, _bare(text)) for role, text in written}
    left = [
        f"{role}: {text}"
        for role, texts in BOOK.items()
        for text in texts
        if role not in EVERYWHERE and " " in text and (role, _bare(text)) not in there
    ]
    assert not left, "remove from core/locales/errors.zh.json:\n" + "\n".join(left)


def test_a_translation_has_the_holes_of_its_text_and_says_it_in_chinese() -> None:
    for text, translated in _pairs():
        english, chinese = Template.of(text), Template.of(translated)
        assert {name for name, _ in english.holes} == {name for name, _ in chinese.holes}, text
        assert {takes for _, takes in english.holes} <= {"", "text", "texts", "ours", "word", "list", "and", "or"}, text
        assert not any(takes for _, takes in chinese.holes), text
        assert all(english.literals[1:-1]), f"two holes touch, so that nothing tells them apart: {text}"
        assert re.search(r"[\u3000-\u9fff\uff00-\uffef]", translated) or text == translated, text


def test_a_rule_has_no_full_stop_and_what_to_do_has_one() -> None:
    for text, translated in BOOK["rules"].items():
        assert not translated.endswith(("。", ".")), text
    for text, translated in BOOK["fixes"].items():
        assert translated.endswith(("。", "？")), text


def test_every_template_is_found_again_with_its_values() -> None:
    for role in ("rules", "got", "fixes", "reasons"):
        for text, translated in BOOK[role].items():
            values = {name: f"v{name}" for name, takes in Template.of(text).holes if takes != "ours"}
            if len(values) < len(Template.of(text).holes):
                continue
            said = Template.of(text).filled(values)
            shown = problem_in(
                "zh", {"rules": {"rule": said}, "got": {"got": said}, "fixes": {"fix": said}}.get(role, {})
            )
            found = next(iter(shown.values())) if shown else text_in("zh", said)
            assert found == Template.of(translated).filled(values), text


@pytest.mark.parametrize(
    ("error", "rule", "got", "fix"),
    [
        (
            NotFound("The run must exist", got="abc", fix=nearest("lstn", ["lstm", "gru"])),
            "运行必须存在",
            "abc",
            "您指的是 lstm 吗？",
        ),
        (
            InvalidInput("dropout must be between 0.0 and 0.9", got="7", fix="The default is 0.1."),
            "dropout 必须是在 0.0 和 0.9 之间的数",
            "7",
            "默认为 0.1。",
        ),
        (
            NotFound("A store must be in the data", got="S9", fix=nearest("zz", list("abcde"))),
            "数据中必须有该店铺",
            "S9",
            "现有：a、b、c 等，另有 2 个。",
        ),
        (
            NotFound(
                "The algorithm must be one of those installed",
                got="x",
                fix=nearest("x", ["lstm"]) + " mine.py could not be imported: no module named torch2.",
            ),
            "算法必须是已安装的算法之一",
            "x",
            "现有：lstm。mine.py 无法导入：no module named torch2。",
        ),
    ],
)
def test_an_error_is_told_in_chinese(error: TidebookError, rule: str, got: str, fix: str) -> None:
    problem = error.problem()
    told = problem_in("zh", problem)
    assert (told["rule"], told["got"], told["fix"], told["title"]) == (rule, got, fix, rule)
    assert told["detail"] == f"{rule}，但收到：{got}。{fix}"
    assert {name: told[name] for name in ("type", "status")} == {name: problem[name] for name in ("type", "status")}
    assert text_in("zh", str(error)) == told["detail"]
    assert text_in("zh", f"a.csv: {error}") == f"a.csv：{told['detail']}"
    assert problem_in("en", problem) == problem
    assert text_in("en", str(error)) == str(error)


def test_what_is_not_ours_stays_as_it_is() -> None:
    said = [
        "ValueError: x must be positive, but got -1. Use 1.",
        "must be",
        "",
        "名称",
        "lr must be between two and ten",
    ]
    assert [text_in("zh", text) for text in said] == said
    problem = InvalidInput("The plug-in's own rule must hold", got="its own value", fix="See its manual.").problem()
    told = problem_in("zh", problem)
    assert told == {**problem, "detail": f"{problem['rule']}，但收到：{problem['got']}。{problem['fix']}"}
    assert problem_in("zh", {"rule": 7, "other": None}) == {"rule": 7, "other": None}


@pytest.mark.parametrize("value", ODD)
def test_odd_values_pass_through_unharmed(value: str) -> None:
    error = InvalidInput(f"The run {value} must have logged the metric", got=value, fix=f"Use {value!r}, for example.")
    told = problem_in("zh", error.problem())
    assert told["rule"] == f"运行 {value} 必须记录过该指标"
    assert told["got"] == value
    assert told["fix"] == f"例如用 {value!r}。"


@pytest.mark.parametrize(
    "text",
    [
        "a. " * 3_000,
        ", but got " * 1_000,
        " must be " * 1_100,
        "The run must exist, but got " + "x. " * 3_000,
        "Known: " + ", " * 5_000 + ".",
        "{1} must be {2:text} " * 500,
        " and ".join(["Did you mean x?"] * 600),
        "(" * 5_000 + ")" * 5_000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    text_in("zh", text)  # so that the book is open
    problem = InvalidInput(text, got=text, fix=text).problem()
    began = time.process_time()
    for _ in range(5):
        text_in("zh", text)
        problem_in("zh", problem)
    assert (time.process_time() - began) / 5 < 0.25


def test_a_usual_error_takes_less_than_two_milliseconds() -> None:
    problem = NotFound("The run must exist", got="no such thing", fix=nearest("lstn", ["lstm", "gru"])).problem()
    problem_in("zh", problem)
    began = time.process_time()
    for _ in range(50):
        problem_in("zh", problem)
    assert (time.process_time() - began) / 50 < 0.002


def _bare(text: str) -> str:
    """A template without what its holes take."""
    return re.sub(r"\{(\d+):\w+\}", r"{\1}", text)


def _pairs() -> Iterator[tuple[str, str]]:
    for texts in BOOK.values():
        yield from texts.items()
