"""Errors as problem documents, without anything that is not for users."""

from __future__ import annotations

import errno
import logging

import pytest
from sqlalchemy.exc import OperationalError

from tidebook.core.errors import Conflict, InvalidInput, StorageFailure, TaskFailure
from tidebook.server.problems import as_ours, invalid, problem_response


def test_what_nobody_foresaw_tells_a_number_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        problem = as_ours(ValueError("password is hunter2")).problem()
    assert problem["type"] == f"urn:tidebook:error:{TaskFailure.slug}"
    assert problem["status"] == 500
    assert "hunter2" not in str(problem)
    details = problem["details"]
    assert isinstance(details, dict)
    assert f"incident {details['incident']}" in caplog.text


def test_our_own_errors_stay_as_they_are() -> None:
    error = Conflict("It must be free", got="taken", fix="Wait.")
    assert as_ours(error) is error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OperationalError("INSERT", {}, Exception("database or disk is full")),
    ],
)
def test_a_full_disk_is_told_as_that(error: Exception) -> None:
    assert isinstance(as_ours(error), StorageFailure)


def test_a_fault_in_a_query_names_the_parameter() -> None:
    fault = {"type": "greater_than_equal", "loc": ("query", "limit"), "msg": "Input should be at least 1", "input": "0"}
    error = invalid(fault)
    assert error.rule.startswith("limit must be valid (it should be at least 1")


@pytest.mark.parametrize("got", ["\ud800", 10**30])
def test_what_a_request_brought_in_never_keeps_its_problem_from_being_told(got: object) -> None:
    response = problem_response(InvalidInput("It must be Unicode", got="x", fix="Correct it.", field=got))
    assert response.status_code == 422
    assert b"It must be Unicode" in response.body


def test_a_field_that_is_called_path_is_named() -> None:
    problem = invalid({"type": "missing", "loc": ("body", "path"), "msg": "Field required", "input": {}})
    assert str(problem) == "path must be given, but got nothing. Add path to the request."
