"""The text of a filter: what it means, and what is said where it cannot be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidebook.core.errors import InvalidInput
from tidebook.runs.filters import parse, parse_sort
from tidebook.runs.filters.fields import Field
from tidebook.runs.filters.parse import MAX_CONDITIONS, MAX_DEPTH
from tidebook.runs.filters.tree import Ago, And, Comparison, Exists, Flag, Moment, Not, OneOf, Or, Scalar, Tree
from tidebook.runs.filters.words import MAX_LENGTH

SHOWN = Comparison(Field("archived", "flag"), "=", Flag(value=False))
LSTM = Comparison(Field("model_type", "text"), "=", Scalar("lstm", None))


def meaning(text: str) -> Tree:
    """The tree of a filter that names `archived`, without that."""
    tree = parse(f"({text}) and archived exists")
    assert isinstance(tree, And)
    return tree.parts[0]


def test_a_filter_in_one_line_becomes_a_tree() -> None:
    tree = parse('model_type = lstm and metrics.wape < 0.1 and tags.team = "east" and started > 7d')
    assert tree == And(
        (
            LSTM,
            Comparison(Field("wape", "metrics"), "<", Scalar("0.1", 0.1)),
            Comparison(Field("team", "tags"), "=", Scalar("east", None)),
            Comparison(Field("created", "time"), ">", Ago(7 * 86_400_000)),
            SHOWN,
        )
    )


def test_archived_runs_are_left_out_unless_the_filter_names_them() -> None:
    assert parse("") == And((SHOWN,))
    assert parse("model_type = lstm") == And((LSTM, SHOWN))
    assert parse("archived") == Comparison(Field("archived", "flag"), "=", Flag(value=True))
    assert parse("not (model_type = lstm and archived)") == Not(
        And((LSTM, Comparison(Field("archived", "flag"), "=", Flag(value=True))))
    )


def test_and_binds_more_than_or_and_not_more_than_both() -> None:
    gru = Comparison(Field("model_type", "text"), "=", Scalar("gru", None))
    pinned = Comparison(Field("pinned", "flag"), "=", Flag(value=True))
    assert meaning("model_type = lstm or model_type=gru and not pinned") == Or((LSTM, And((gru, Not(pinned)))))
    assert meaning("NOT (model_type = lstm OR model_type=gru)") == Not(Or((LSTM, gru)))


def test_names_and_values_may_be_quoted() -> None:
    assert meaning('metrics."val loss" >= -1e-3') == Comparison(
        Field("val loss", "metrics"), ">=", Scalar("-1e-3", -0.001)
    )
    assert meaning(r"tags.team ~ 'it\'s'") == Comparison(Field("team", "tags"), "~", Scalar("it's", None))
    assert meaning('run_name = "and"') == Comparison(Field("run_name", "text"), "=", Scalar("and", None))


def test_lists_and_existence() -> None:
    assert meaning("params.layers in (2, 3)") == OneOf(Field("layers", "params"), (Scalar("2", 2.0), Scalar("3", 3.0)))
    assert meaning("params.layers not in (2)") == Not(OneOf(Field("layers", "params"), (Scalar("2", 2.0),)))
    assert meaning("metrics.wape exists") == Exists(Field("wape", "metrics"))
    assert meaning("metrics.wape not exists") == Not(Exists(Field("wape", "metrics")))


def test_days_are_spans_and_durations_have_units() -> None:
    day = meaning("created = 2026-11-01")
    assert isinstance(day, Comparison)
    assert isinstance(day.value, Moment)
    assert day.value.end - day.value.start == 86_400_000
    instant = meaning("finished >= 2026-11-01T12:00:00+02:00")
    assert isinstance(instant, Comparison)
    assert instant.value == Moment(1_793_527_200_000, 1_793_527_200_001)
    assert meaning("duration > 1.5h") == Comparison(Field("duration", "number"), ">", Scalar("1.5h", 5400.0))


@pytest.mark.parametrize(
    ("text", "position", "sentence"),
    [
        ("model_typ = lstm", 1, "Did you mean model_type"),
        ("model_type lstm", 12, "must have an operator at position 12"),
        ("model_type = ", 14, "must have a value at position 14, but got the end"),
        ("model_type = lstm gru", 19, "`and`, `or` or the end at position 19"),
        ("(model_type = lstm", 19, "Close the parenthesis"),
        ("metrics.wape < small", 16, "must be compared with a number, at position 16"),
        ("metrics.wape ~ 3", 16, "Only texts can contain something"),
        ("started > soon", 11, "must be compared with a time"),
        ("pinned < true", 10, "must be = true or = false"),
        ('run_name = "open', 12, "must end with a quote"),
        ("and", 1, "must have a field at position 1"),
        ("param.x = 3", 1, "Did you mean params"),
        ("metrics. = 3", 1, "a name of 1 to 250 characters"),
        ("params.x in (1, )", 17, "must have a value at position 17"),
        ("status = a and ! b", 16, "fields, operators and values, at position 16"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_position(text: str, position: int, sentence: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse(text)
    assert sentence in str(error.value)
    assert error.value.details["position"] == position


def test_depth_length_and_number_of_conditions_are_bounded() -> None:
    parse("(" * MAX_DEPTH + "pinned" + ")" * MAX_DEPTH)
    for text, sentence in (
        ("(" * (MAX_DEPTH + 1) + "pinned" + ")" * (MAX_DEPTH + 1), "no more than 50 levels"),
        ("not " * 2000 + "pinned", "no more than 50 levels"),
        ("pinned or " * MAX_CONDITIONS + "pinned", "no more than 200 conditions"),
        ("params.x in (1" + ",1" * MAX_CONDITIONS + ")", "no more than 200 conditions"),
        (" " * (MAX_LENGTH + 1), "at most 10,000 characters"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            parse(text)


@given(st.text() | st.text("()\"'=<>!~, .andortmerics-0123456789\\\x00\ud800"))
def test_any_text_is_read_or_refused_with_a_position(text: str) -> None:
    try:
        parse(text)
    except InvalidInput as error:
        position = error.details["position"]
        assert isinstance(position, int)
        assert 1 <= position <= len(text) + 1


@pytest.mark.parametrize("text", ["-created", "metrics.wape", '-params."batch size"', "run_name"])
def test_an_order_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_sort(text)) == text


def test_the_order_is_newest_first_unless_stated_and_must_be_known() -> None:
    assert str(parse_sort(None)) == str(parse_sort("")) == "-created"
    assert str(parse_sort("-started")) == "-created"
    with pytest.raises(InvalidInput, match="Did you mean duration"):
        parse_sort("-duratio")
