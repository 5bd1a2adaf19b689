"""Keys of this server's own processes: for the store alone, and only while they run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.server.conftest import Running
from tidebook.core.errors import Forbidden, Unauthorized
from tidebook.core.settings import Settings
from tidebook.records import task as records
from tidebook.records.task import TaskRecord
from tidebook.server.lending import Lending
from tidebook.tasks import key

RUNNING_TASK = TaskRecord(
    id=f"TRAI{'a' * 28}",
    name="a training",
    description="",
    spec={},
    owner="anna",
    created_at="2026-01-01T00:00:00+00:00",
    state="RUNNING",
    attempt=1,
)


@pytest.fixture
def lending(running: Running, settings: Settings) -> Lending:
    running.user("anna")
    records.save(settings, RUNNING_TASK)
    return Lending(settings.model_copy(update={"store": "s3://bucket/models"}), running.services.users)


def lent(lending: Lending, record: TaskRecord = RUNNING_TASK) -> str:
    return lending.to_task(record)["TIDEBOOK_TOKEN"]


def test_a_store_in_a_folder_needs_no_key(running: Running, settings: Settings) -> None:
    for store in (None, "models", "/models", "file:///models"):
        lending = Lending(settings.model_copy(update={"store": store}), running.services.users)
        assert lending.to_task(RUNNING_TASK) == lending.to_workers() == {}


def test_a_task_acts_for_its_owner_while_its_attempt_runs(lending: Lending, settings: Settings) -> None:
    first = lent(lending)
    assert lending.user_of(first, "GET /api/store/trees").id == "anna"
    again = lent(lending)
    for ended in (first, f"{again}x", again.replace("a" * 28, "b" * 28), "task_", f"task_{'a' * 200}"):
        with pytest.raises(Unauthorized):
            lending.user_of(ended, "GET /api/store/trees")
    for changes in ({"state": "SUCCESS"}, {"state": "ABORT"}, {"attempt": 2}):
        records.save(settings, replace(RUNNING_TASK, **changes))
        with pytest.raises(Unauthorized):
            lending.user_of(again, "GET /api/store/trees")


def test_the_key_of_somebody_who_left_opens_nothing(lending: Lending, running: Running) -> None:
    token = lent(lending)
    running.services.users.change("anna", disabled=True)
    with pytest.raises(Unauthorized):
        lending.user_of(token, "GET /api/store/trees")


@pytest.mark.parametrize(
    "request_",
    [
        "GET /api/models",
        "GET /api/training",
        "POST /api/tokens",
        "DELETE /api/store/trees/product/P001_all/lstm/v1",
        "PUT /api/store/records",
        "POST /api/store/removals/files/x/v1",
        "GET /api/store/trees/../../tokens",
        "GET /api/store/trees\n",
        " /api/live",
    ],
)
def test_a_key_is_for_the_store_alone(lending: Lending, request_: str) -> None:
    for token in (lent(lending), lending.to_workers()["TIDEBOOK_TOKEN"]):
        with pytest.raises(Forbidden):
            lending.user_of(token, request_)


def test_workers_read_and_publish_nothing(lending: Lending, settings: Settings) -> None:
    token = lending.to_workers()["TIDEBOOK_TOKEN"]
    assert lending.user_of(token, "GET /api/store/content/product/P001_all/lstm/v1").role == "administrator"
    with pytest.raises(Forbidden):
        lending.user_of(token, "POST /api/store/claims")
    with pytest.raises(Unauthorized):
        lending.user_of(f"{token}x", "GET /api/store/trees")
    assert lending.user_of(lent(lending), "POST /api/store/claims").id == "anna"


def test_the_gate_knows_a_key_when_it_sees_one(running: Running, settings: Settings) -> None:
    running.user("anna")
    records.save(settings, RUNNING_TASK)
    headers = {"Authorization": f"Bearer {key.issue(settings, RUNNING_TASK)}"}
    assert running.client.get("/api/store/trees", headers=headers).status_code == 200
    assert running.client.get("/api/models", headers=headers).status_code == 403
    records.save(settings, replace(RUNNING_TASK, state="SUCCESS"))
    assert running.client.get("/api/store/trees", headers=headers).status_code == 401
