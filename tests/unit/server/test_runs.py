"""Runs over HTTP and live: found, compared, looked into, changed, deleted."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import tidebook
from tests.unit.server.conftest import Running
from tidebook.core.files import MAX_RECORD_BYTES
from tidebook.core.settings import Settings
from tidebook.records import labels
from tidebook.server.runs.resources import MOST
from tidebook.server.runs.search import search_lines
from tidebook.server.schemas.run import Comparison, LoggedMetrics, MetricCurve, RunCurves, RunDetail, RunLog, RunPage


def make_run(
    settings: Settings, name: str, *, owner: str | None = None, project: str = "default", **logged: float
) -> Path:
    """An ended run of three steps."""
    with tidebook.start_run(name=name, params={"lr": 0.1, "name": name}, context=False, resources=False) as run:
        for step in range(3):
            run.log({"loss": 3.0 - step, **logged})
        run.save_training_log("It begins")
        run.save_training_log("Epoch 1: loss=3")
    folder = settings.out / name
    labels.change(folder, owner=owner, project=project)
    return folder


@pytest.fixture
def runs(running: Running, settings: Settings) -> list[Path]:
    """Three of them, which the server knows."""
    made = [make_run(settings, name, wape=wape) for name, wape in (("a", 0.3), ("b", 0.1), ("c", 0.2))]
    running.services.sync.runs.look()
    return made


def names(answer: Any) -> list[str]:
    """Of the runs on a page."""
    assert answer.status_code == 200, answer.text
    return [item["run_name"] for item in answer.json()["items"]]


def test_a_list_is_filtered_sorted_and_paged(client: TestClient, runs: list[Path]) -> None:
    first = client.get("/api/runs", params={"where": "metrics.wape < 0.5", "sort": "metrics.wape", "limit": 2})
    assert names(first) == ["b", "c"]
    RunPage.model_validate(first.json())
    after = first.json()["next"]
    assert names(client.get("/api/runs", params={"sort": "metrics.wape", "limit": 2, "after": after})) == ["a"]
    assert client.get("/api/run-count", params={"where": "params.name in (a, b)"}).json() == {"count": 2}
    fields = client.get("/api/run-fields").json()
    assert (fields["params"], fields["metrics"], fields["projects"]) == (["lr", "name"], ["loss", "wape"], ["default"])


def test_a_filter_that_cannot_be_read_is_told_with_its_position(client: TestClient) -> None:
    problem = client.get("/api/runs", params={"where": "model_typ = lstm"}).json()
    assert (problem["status"], problem["details"]) == (422, {"position": 1})
    assert "Did you mean model_type" in problem["fix"]


def test_a_run_of_another_process_appears_within_two_seconds(client: TestClient, settings: Settings) -> None:
    code = "import tidebook; run = tidebook.start_run(name='other'); run.log(loss=1.0); run.finish()"
    subprocess.run([sys.executable, "-c", code], check=True)
    began = time.monotonic()
    while not names(client.get("/api/runs")):
        assert time.monotonic() - began < 2
        time.sleep(0.05)


def test_a_run_is_shown_with_all_that_stands_in_its_folder(client: TestClient, runs: list[Path]) -> None:
    answer = client.get("/api/runs/b").json()
    RunDetail.model_validate(answer)
    assert answer["config"]["params"]["lr"] == 0.1
    assert (answer["status"], answer["metrics"]) == ("completed", {"loss": 1.0, "wape": 0.1})
    assert "logs/training.log" in {file["path"] for file in answer["files"]}
    assert (answer["resources"], answer["backtest"], answer["checkpoints"], answer["best"]) == (False, False, [], None)
    assert "folder" not in answer


def test_a_run_with_every_file_broken_is_shown_with_what_is_wrong(
    running: Running, client: TestClient, runs: list[Path]
) -> None:
    for file in runs[0].rglob("*.json"):
        file.write_text('{"cut": ')
    running.services.sync.runs.refresh(["a"])
    answer = client.get("/api/runs/a").json()
    RunDetail.model_validate(answer)
    assert len(answer["problems"]) >= 2
    assert client.get("/api/runs/a/metrics").json() == {"items": []}


def test_curves_come_by_name_phase_and_axis(client: TestClient, runs: list[Path]) -> None:
    metrics = client.get("/api/runs/a/metrics").json()
    LoggedMetrics.model_validate(metrics)
    assert [(each["name"], each["points"], each["last"]) for each in metrics["items"]] == [
        ("loss", 3, 1),
        ("wape", 3, 0.3),
    ]
    curve = client.get("/api/runs/a/curve", params={"name": "loss", "from": 1, "to": 5}).json()
    MetricCurve.model_validate(curve)
    assert (curve["x"], curve["y"]) == ([1, 2], [2, 1])
    times = client.get("/api/runs/a/curve", params={"name": "loss", "axis": "time"}).json()["x"]
    assert all(0 <= moment < 60 for moment in times)
    several = client.post("/api/runs/curves", json={"runs": ["a", "b"], "names": ["wape", "none"]}).json()
    RunCurves.model_validate(several)
    assert [(each["run_name"], each["y"][0]) for each in several["items"]] == [("a", 0.3), ("b", 0.1)]
    missing = client.get("/api/runs/a/curve", params={"name": "los"}).json()
    assert (missing["status"], missing["fix"]) == (404, "Did you mean loss?")
    assert client.post("/api/runs/curves", json={"runs": ["a"] * 200, "names": ["x"] * 50}).status_code == 422


def test_runs_are_compared(client: TestClient, runs: list[Path]) -> None:
    answer = client.get("/api/run-comparison", params={"run": ["a", "b", "c"]}).json()
    Comparison.model_validate(answer)
    assert [(each["name"], each["changed"]) for each in answer["params"]] == [("lr", False), ("name", True)]
    assert [(each["name"], each["best"]) for each in answer["metrics"]] == [("loss", 0), ("wape", 1)]
    assert client.get("/api/run-comparison", params={"run": ["a", "none"]}).status_code == 404


@pytest.mark.parametrize("name", ["count", "fields", "compare", "comparison", "bulk", "curves"])
def test_whatever_a_run_is_called_it_is_read_by_its_name(
    running: Running, client: TestClient, settings: Settings, name: str
) -> None:
    make_run(settings, name)
    running.services.sync.runs.look()
    assert client.get(f"/api/runs/{name}").json()["run_name"] == name
    assert client.patch(f"/api/runs/{name}", json={"notes": "read"}).json()["notes"] == "read"


def test_the_log_is_read_from_a_position_and_searched(client: TestClient, runs: list[Path]) -> None:
    answer = client.get("/api/runs/a/log", params={"limit": 1}).json()
    assert answer["lines"][0].endswith("It begins")
    rest = client.get("/api/runs/a/log", params={"after": answer["cursor"]}).json()
    assert rest["complete"]
    found = client.get("/api/runs/a/log", params={"search": "EPOCH"}).json()
    RunLog.model_validate(found)
    (line,) = found["lines"]
    assert line["text"].endswith("Epoch 1: loss=3")
    assert line["number"] == 2
    assert found["complete"]


def test_a_long_log_is_searched_a_part_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    lines = [f"line {number} {'needle' if number % 1000 == 0 else 'hay'} {'x' * 50}" for number in range(1, 50_001)]
    path.write_text("\n".join(lines) + "\nno end of line needle")
    found: list[dict[str, Any]] = []
    cursor, complete = 0, False
    while not complete:
        some, cursor, complete = search_lines(path, "Needle", cursor, 7, at_once=1 << 20)
        found += some
    assert [each["number"] for each in found] == list(range(1000, 50_001, 1000))
    assert all(each["text"].startswith(f"line {each['number']} needle") for each in found)
    assert search_lines(tmp_path / "none", "x", 0, 5) == ([], 0, True)


def test_resources_are_thinned_out_where_they_are_many(client: TestClient, runs: list[Path]) -> None:
    assert client.get("/api/runs/a/resources").json() == {"items": []}
    entries = [
        {"timestamp": "2026-11-01T10:00:00+00:00", "seconds": 10.0 * n, "cpu": 1, "memory": n} for n in range(9001)
    ]
    (runs[0] / "logs" / "resources.json").write_text(json.dumps(entries))
    items = client.get("/api/runs/a/resources").json()["items"]
    assert len(items) <= MOST + 1
    assert (items[0]["memory"], items[-1]["memory"]) == (0, 9000)


def test_figures_and_text_are_shown_and_all_else_is_downloaded(client: TestClient, runs: list[Path]) -> None:
    (runs[0] / "files").mkdir(exist_ok=True)
    for name in ("page.html", "picture.svg", "plain.txt"):
        (runs[0] / "files" / name).write_text("<script>alert(1)</script>")
    (runs[0] / "link").symlink_to("/etc/passwd")
    shown = client.get("/api/runs/a/files/files/plain.txt")
    assert shown.headers["content-type"].startswith("text/plain")
    assert shown.headers["x-content-type-options"] == "nosniff"
    for name in ("page.html", "picture.svg"):
        downloaded = client.get(f"/api/runs/a/files/files/{name}")
        assert downloaded.headers["content-type"] == "application/octet-stream"
        assert downloaded.headers["content-disposition"].startswith("attachment")
    assert client.get("/api/runs/a/files/none.txt").status_code == 404
    for path in ("%2e%2e/b/config.json", "link", "files/%2e%2e/%2e%2e/%2e%2e/x", "files"):
        assert client.get(f"/api/runs/a/files/{path}").status_code in {404, 422}


def test_labels_are_changed(client: TestClient, runs: list[Path]) -> None:
    answer = client.patch("/api/runs/a", json={"tags": {"team": "east"}, "notes": "good", "pinned": True}).json()
    assert (answer["tags"], answer["notes"], answer["pinned"]) == ({"team": "east"}, "good", True)
    assert labels.read(runs[0]).tags == {"team": "east"}
    assert client.patch("/api/runs/a", json={"tags": {}, "archived": True}).json()["tags"] == {}
    assert names(client.get("/api/runs", params={"sort": "run_name"})) == ["b", "c"]
    assert client.patch("/api/runs/a", json={"project": "unknown"}).status_code == 404
    assert client.patch("/api/runs/a", json={"tags": {"": "x"}}).status_code == 422


def test_many_runs_are_changed_at_once_and_failures_are_told(client: TestClient, runs: list[Path]) -> None:
    def bulk(**body: Any) -> dict[str, Any]:
        answer = client.post("/api/runs/bulk", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    answer = bulk(runs=["a", "none", "b"], action="tag", tags={"team": "east", "x": "1"})
    assert answer["done"] == ["a", "b"]
    assert answer["failed"][0]["run_name"] == "none"
    assert answer["failed"][0]["problem"]["status"] == 404
    bulk(runs=["a"], action="untag", tags={"x": ""})
    assert client.get("/api/runs/a").json()["tags"] == {"team": "east"}
    assert client.get("/api/runs/b").json()["tags"] == {"team": "east", "x": "1"}
    bulk(runs=["a", "b"], action="archive")
    bulk(runs=["b"], action="unarchive")
    assert names(client.get("/api/runs", params={"sort": "run_name"})) == ["b", "c"]
    bulk(runs=["b", "c"], action="delete")
    assert names(client.get("/api/runs", params={"where": "archived exists"})) == ["a"]
    assert client.post("/api/runs/bulk", json={"runs": ["a"], "action": "tag"}).status_code == 422
    assert client.post("/api/runs/bulk", json={"runs": ["a"], "action": "move"}).status_code == 422
    assert client.post("/api/runs/bulk", json={"runs": ["a"] * 1001, "action": "pin"}).status_code == 422


def test_a_run_is_deleted_once_it_has_ended(client: TestClient, settings: Settings) -> None:
    run = tidebook.start_run(name="open", context=False, resources=False)
    run.log(loss=1.0)
    refused = client.delete("/api/runs/open").json()
    assert refused["status"] == 409
    assert "is writing" in refused["got"]
    run.finish()
    assert client.delete("/api/runs/open", params={"reason": "no use"}).status_code == 204
    assert client.get("/api/runs/open").status_code == 404
    assert json.loads((settings.out / "open" / "deleted.json").read_text())["reason"] == "no use"
    assert not (settings.out / "open" / "logs").exists()


def test_after_a_run_is_deleted_new_ones_are_listed_as_before(client: TestClient, settings: Settings) -> None:
    make_run(settings, "old")
    assert client.get("/api/runs/old").status_code == 200
    assert client.delete("/api/runs/old").status_code == 204
    make_run(settings, "new")
    began = time.monotonic()
    while names(client.get("/api/runs")) != ["new"]:
        assert time.monotonic() - began < 5
        time.sleep(0.05)


def test_a_run_that_is_made_to_do_harm_is_shown_with_what_is_wrong(
    client: TestClient, running: Running, settings: Settings
) -> None:
    folder = make_run(settings, "bad")
    deep = "[" * 1000 + "]" * 1000
    (folder / "config.json").write_text(f'{{"a": {deep}}}')
    (folder / "metadata.json").write_text(f'{{"status": "completed", "model_type": {deep}, "metrics": {{"x": 1}}}}')
    (folder / "logs" / "metrics.json").write_text(f'[\n{{"phase": {deep}, "x": 1}}\n]')
    with (folder / "context.json").open("wb") as file:
        file.truncate(MAX_RECORD_BYTES + 1)
    running.services.sync.runs.look()
    assert names(client.get("/api/runs")) == ["bad"]
    answer = client.get("/api/runs/bad").json()
    RunDetail.model_validate(answer)
    assert answer["config"] == answer["context"] == {}
    assert "config.json is nested too deeply" in answer["problems"]
    assert any(problem.startswith("context.json is too large") for problem in answer["problems"])
    for path in ("metrics", "curve?name=x"):
        assert client.get(f"/api/runs/bad/{path}").status_code == 200


def test_what_a_user_may_not_see_does_not_exist(running: Running, settings: Settings) -> None:
    running.services.projects.add("secret", running.user())
    make_run(settings, "hidden", project="secret", owner="bob")
    make_run(settings, "mine", owner="anna")
    running.services.sync.runs.look()
    anna = running.login("anna")
    assert names(anna.get("/api/runs")) == ["mine"]
    for path in ("", "/metrics", "/curve?name=loss", "/resources", "/log", "/files/config.json"):
        assert anna.get(f"/api/runs/hidden{path}").status_code == 404
    assert anna.patch("/api/runs/hidden", json={"notes": "x"}).status_code == 404
    assert anna.delete("/api/runs/hidden").status_code == 404
    assert anna.get("/api/run-comparison?run=hidden&run=mine").status_code == 404
    assert anna.post("/api/runs/curves", json={"runs": ["hidden"], "names": ["loss"]}).status_code == 404
    told = anna.post("/api/runs/bulk", json={"runs": ["hidden", "mine"], "action": "delete"}).json()
    assert (told["done"], [each["problem"]["status"] for each in told["failed"]]) == (["mine"], [404])
    assert anna.patch("/api/runs/hidden", json={"project": "default"}).status_code == 404
    assert names(running.login().get("/api/runs")) == ["hidden"]


def test_what_a_user_sees_but_may_not_change_is_refused(running: Running, runs: list[Path]) -> None:
    anna = running.login("anna")
    assert anna.get("/api/runs/a").status_code == 200
    assert anna.patch("/api/runs/a", json={"notes": "x"}).status_code == 403
    assert anna.delete("/api/runs/a").status_code == 403


def test_views_are_saved_for_each_user(running: Running, client: TestClient) -> None:
    made = client.post("/api/views", json={"name": "Best", "query": "sort=metrics.wape"}).json()
    assert client.get("/api/views", params={"page": "runs"}).json() == {"items": [made]}
    anna = running.login("anna")
    assert anna.get("/api/views").json() == {"items": []}
    assert anna.delete(f"/api/views/{made['id']}").status_code == 404
    assert client.delete(f"/api/views/{made['id']}").status_code == 204


def test_followers_get_what_changes_and_nothing_twice(running: Running, settings: Settings) -> None:
    run = tidebook.start_run(name="open", context=False, resources=False)
    running.services.sync.runs.look()
    with running.live() as socket:
        socket.send_json({"type": "subscribe", "topic": "runs", "cursor": 0})
        message = socket.receive_json()
        assert [item["run_name"] for item in message["items"]] == ["open"]
        cursor = message["cursor"]
        run.log(loss=1.0)
        message = socket.receive_json()
        assert message["items"][0]["metrics"] == {"loss": 1.0}
        assert message["cursor"] > cursor
        socket.send_json({"type": "unsubscribe", "topic": "runs"})
        socket.send_json({"type": "subscribe", "topic": "runs/open/metrics"})
        message = socket.receive_json()
        assert [entry["loss"] for entry in message["items"]] == [1.0]
        run.log(loss=2.0)
        message = socket.receive_json()
        assert [entry["loss"] for entry in message["items"]] == [2.0]
        run.finish()
        running.services.sync.runs.look()
        while not message.get("complete"):
            message = socket.receive_json()
            assert message["topic"] == "runs/open/metrics"
        socket.send_json({"type": "subscribe", "topic": "runs/open/logs"})
        assert socket.receive_json()["topic"] == "runs/open/logs"
        socket.send_json({"type": "subscribe", "topic": "runs/none"})
        while (message := socket.receive_json())["topic"] != "runs/none":
            pass
        assert message["error"]["status"] == 404


def test_deletions_are_told_to_followers(running: Running, client: TestClient, runs: list[Path]) -> None:
    with running.live() as socket:
        socket.send_json({"type": "subscribe", "topic": "runs"})
        assert socket.receive_json()["items"] == []
        client.delete("/api/runs/a")
        assert socket.receive_json()["items"] == [{"run_name": "a", "deleted": True}]
