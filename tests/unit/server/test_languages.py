"""Failures are told in the language of the request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

import tidebook
from tests.unit.server.conftest import Running
from tidebook.core.clock import timestamp
from tidebook.core.errors import TaskFailure
from tidebook.core.ids import new_id
from tidebook.core.settings import Settings
from tidebook.records.task import TaskRecord
from tidebook.server.languages import preferred

CHINESE = {"Accept-Language": "zh-CN"}
LOST = TaskFailure(
    "The training must run to its end",
    got="a process that ended with code 9 and left no result",
    fix="See the end of its log.",
)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("de-DE,fr;q=0.9,ZH;q=0.1", "zh"),
        ("zh;q=0.3, en;q=0.7", "en"),
        ("zh;q=0", "en"),
        ("zh;q=much,*;q=;,;;,", "en"),
        ("zh;q=nan, zh;q=1e9", "en"),
        ("*", "en"),
    ],
)
def test_the_language_is_the_one_that_the_browser_likes_most(header: str, language: str) -> None:
    assert preferred(header) == language


def test_a_problem_has_the_same_type_status_and_details_in_every_language(client: TestClient) -> None:
    english = client.get("/api/runs", params={"where": "loss <"})
    chinese = client.get("/api/runs", params={"where": "loss <"}, headers=CHINESE)
    assert english.headers["Content-Language"] == "en"
    assert chinese.headers["Content-Language"] == "zh"
    told, said = english.json(), chinese.json()
    assert {name: told[name] for name in ("type", "status", "details")} == {
        name: said[name] for name in ("type", "status", "details")
    }
    assert all(_is_chinese(said[name]) for name in ("title", "rule", "fix", "detail"))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/nothing/there", None),
        ("DELETE", "/api/health", None),
        ("GET", "/api/training/TRAI", None),
        ("GET", "/api/runs/none", None),
        ("POST", "/api/training", {}),
        ("POST", "/api/training", {"model_type": 7}),
        ("POST", "/api/training", []),
        ("POST", "/api/projects", {"name": "A B"}),
        ("POST", "/api/prediction", {"horizon": "long"}),
        ("GET", "/api/models?page=0", None),
        ("GET", "/api/runs?limit=x", None),
    ],
)
def test_whatever_refuses_a_request_does_so_in_chinese(client: TestClient, method: str, path: str, body: Any) -> None:
    problem = client.request(method, path, json=body, headers=CHINESE).json()
    assert _is_chinese(problem["rule"])
    assert _is_chinese(problem["fix"])


def test_who_is_not_logged_in_is_told_so_in_their_language(running: Running) -> None:
    answer = running.client.get("/api/runs", headers=CHINESE)
    assert answer.status_code == 401
    assert answer.json()["rule"] == "需要先登录"


def test_a_body_that_is_no_json_is_refused_in_chinese(client: TestClient) -> None:
    problem = client.post("/api/training", content=b"{", headers=CHINESE | {"Content-Type": "application/json"}).json()
    assert problem["rule"] == "请求正文必须是 JSON"
    assert _is_chinese(problem["got"])


def test_why_a_kept_task_failed_is_told_in_each_language_and_kept_in_english(
    running: Running, client: TestClient
) -> None:
    record = TaskRecord(
        id=new_id("TRAI"),
        name="t",
        description="lstm · product · product P001 in all stores",
        spec={},
        owner="admin",
        created_at=timestamp(),
    )
    running.services.tasks._queue.add(replace(record, state="FAIL", error=LOST.problem()))
    path = f"/api/training/{record.id}"
    error = client.get(path, headers=CHINESE).json()["error"]
    assert error["rule"] == "训练必须运行到结束"
    assert error["got"] == "进程以代码 9 结束，没有留下结果"
    assert error["detail"] == f"{error['rule']}，但收到：{error['got']}。{error['fix']}"
    listed = client.get("/api/training", headers=CHINESE).json()["items"]
    assert [task["error"] for task in listed] == [error]
    assert client.get(path).json()["error"] == LOST.problem()


def test_why_a_run_failed_is_told_in_each_language_and_its_log_as_it_was_written(
    running: Running, settings: Settings, client: TestClient
) -> None:
    with tidebook.start_run(name="failing", context=False, resources=False) as run:
        run.save_training_log(str(LOST))
        run.update_status("failed", reason=f"TaskFailure: {LOST}")
    running.services.sync.runs.look()
    said = "TaskFailure：训练必须运行到结束，但收到：进程以代码 9 结束，没有留下结果。请查看其日志的末尾。"
    [listed] = client.get("/api/runs", headers=CHINESE).json()["items"]
    assert listed["reason"] == said
    assert client.get("/api/runs/failing", headers=CHINESE).json()["reason"] == said
    assert client.get("/api/runs/failing").json()["reason"] == f"TaskFailure: {LOST}"
    [line] = client.get("/api/runs/failing/log", headers=CHINESE).json()["lines"]
    assert str(LOST) in line
    done = client.post("/api/runs/bulk", json={"action": "delete", "runs": ["gone"]}, headers=CHINESE).json()
    assert [failed["problem"]["rule"] for failed in done["failed"]] == ["运行必须存在"]


def test_the_live_connection_speaks_the_language_of_its_address(running: Running) -> None:
    with running.live(query="?language=zh-CN") as socket:
        socket.send_text("{")
        assert _is_chinese(socket.receive_json()["error"]["rule"])


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)
