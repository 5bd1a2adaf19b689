from __future__ import annotations

from tidebook.core.errors import NotFound, TidebookError, nearest


def test_an_error_says_rule_got_and_fix() -> None:
    error = NotFound("The product must be in the data", got="P01", fix="Did you mean P001?")
    assert str(error) == "The product must be in the data, but got P01. Did you mean P001?"


def test_an_error_survives_the_way_through_a_problem_document() -> None:
    error = NotFound("The product must be in the data", got="P01", fix="Did you mean P001?", column="product_id")
    again = TidebookError.from_problem(error.problem())
    assert type(again) is NotFound
    assert (again.rule, again.got, again.fix, again.details) == (error.rule, error.got, error.fix, error.details)
    assert again.status == 404


def test_the_nearest_names_are_offered() -> None:
    assert nearest("P01", ["P001", "P002", "X999"]) == "Did you mean P001 or P002?"
    assert nearest("zzz", ["P001", "P002", "P003", "P004"]) == "Known: P001, P002, P003 and 1 more."
    assert nearest("zzz", []) == "There is none yet."
