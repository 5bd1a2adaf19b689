"""Storage, retention and archive over HTTP, and who may do what."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.unit.retention.homes import LINE, forecast, publish, run
from tests.unit.server.conftest import Running
from tidebook.core.settings import Settings
from tidebook.retention.carry_out import Worker
from tidebook.retention.schedule import clean_when_due

RULES: dict[str, Any] = {
    "forecasts": {"days": 30, "newest": 1000},
    "versions": {"newest": 1},
    "runs": {"completed_days": None, "failed_days": 5},
    "action": "archive",
}


@pytest.fixture
def things(running: Running, settings: Settings) -> dict[str, Any]:
    """Of Anna: three versions, an old and a young forecast and a run that failed long ago; of Bo another forecast."""
    anna: dict[str, Any] = {"owner": "anna"}
    for user in ("anna", "bo"):
        running.user(user)
    made = {
        "versions": [publish(settings, day=n + 1, **anna) for n in range(4)],
        "old": forecast(settings, f"{LINE}/v9", days=40, **anna),
        "young": forecast(settings, f"{LINE}/v9", days=1, **anna),
        "bo": forecast(settings, f"{LINE}/v9", days=50, owner="bo", project="private"),
        "run": run(settings, "failed_1", days=20, **anna).name,
    }
    running.services.sync.versions()
    running.services.predictions.sync()
    running.services.sync.runs.refresh(["failed_1"])
    return made


def going(plan: dict[str, Any]) -> set[str]:
    return {item["id"] for item in plan["items"] if item["goes"]}


def test_the_plan_is_shown_paged_and_filtered(client: TestClient, things: dict[str, Any]) -> None:
    client.get("/api/storage")  # sizes of runs are measured
    plan = client.get("/api/retention/plan").json()
    assert going(plan) == {things["old"], things["bo"]}
    assert {row["kind"]: (row["going"], row["kept"]) for row in plan["summary"]} == {
        "forecast": (2, 1),
        "version": (0, 4),
        "run": (0, 1),
    }
    assert plan["next"] is None
    first = client.get("/api/retention/plan", params={"limit": 2}).json()
    rest = client.get("/api/retention/plan", params={"after": first["next"], "limit": 200}).json()
    assert first["items"] + rest["items"] == plan["items"]
    only = client.get("/api/retention/plan", params={"kind": "forecast", "goes": "true", "project": "private"}).json()
    assert [item["id"] for item in only["items"]] == [things["bo"]]
    assert only["items"][0]["reason"] == {"code": "too_old", "values": {"days": 30, "newest": 1000, "rank": 1}}
    for wrong in ({"after": "x"}, {"kind": "dataset"}, {"limit": 0}, {"project": "North!"}):
        assert client.get("/api/retention/plan", params=wrong).status_code == 422


def test_policies_are_set_by_those_who_manage_the_project(running: Running, things: dict[str, Any]) -> None:
    anna, bo, admin = (running.login(name) for name in ("anna", "bo", "admin"))
    assert anna.post("/api/projects", json={"name": "north"}).status_code == 201
    assert anna.put("/api/retention/policies/north", json=RULES).status_code == 200
    assert anna.put("/api/retention/policies/default", json=RULES).status_code == 403
    assert bo.put("/api/retention/policies/north", json=RULES).status_code == 404
    assert bo.delete("/api/retention/policies/north").status_code == 404
    assert admin.put("/api/retention/policies/default", json=RULES).status_code == 200
    listed = {item["project"]: item for item in anna.get("/api/retention/policies").json()["items"]}
    assert listed["north"] == {"project": "north", **RULES, "stored": True, "may_change": True}
    assert (listed["default"]["stored"], listed["default"]["may_change"]) == (True, False)
    assert [item["project"] for item in bo.get("/api/retention/policies").json()["items"]] == ["default"]
    assert anna.delete("/api/retention/policies/north").status_code == 204
    [north] = [item for item in anna.get("/api/retention/policies").json()["items"] if item["project"] == "north"]
    assert (north["stored"], north["forecasts"], north["action"]) == (False, {"days": 30, "newest": 1000}, "delete")
    for wrong in ({"action": "burn"}, {"versions": {"newest": -1}}, {"versions": {"newest": "3"}}, {"more": 1}):
        assert admin.put("/api/retention/policies/default", json=wrong).status_code == 422
    assert admin.put("/api/retention/policies/nothing", json=RULES).status_code == 404


def test_administrators_clean_up_and_only_by_the_plan_that_they_looked_at(
    running: Running, things: dict[str, Any], settings: Settings
) -> None:
    anna, admin = running.login("anna"), running.login()
    assert anna.post("/api/retention/run", json={}).status_code == 403
    assert admin.put("/api/retention/policies/default", json=RULES).status_code == 200
    plan = admin.get("/api/retention/plan", params={"project": "default"}).json()
    assert going(plan) == {f"{LINE}/v1", f"{LINE}/v2", things["old"], things["run"]}
    assert admin.post("/api/retention/run", json={"digest": "0" * 64}).status_code == 409
    done = admin.post("/api/retention/run", json={"project": "default", "digest": plan["digest"]})
    assert done.status_code == 200, done.text
    assert {name: done.json()[name] for name in ("deleted", "archived", "spared", "failed")} == {
        "deleted": 0,
        "archived": 4,
        "spared": 0,
        "failed": [],
    }
    assert admin.post("/api/retention/run", json={"project": "default"}).json()["archived"] == 0
    listed = admin.get("/api/archive").json()["items"]
    assert {(item["kind"], item["id"]) for item in listed} == {
        ("version", f"{LINE}/v1"),
        ("version", f"{LINE}/v2"),
        ("forecast", things["old"]),
        ("run", things["run"]),
    }
    assert {item["by"] for item in listed} == {"admin"}
    version = admin.get(f"/api/models/{LINE}/v1").json()
    assert version["archived"]["url"] in {item["url"] for item in listed}
    history = {item["id"]: item["is_archived"] for item in admin.get("/api/prediction").json()["items"]}
    assert history == {things["old"]: True, things["young"]: False, things["bo"]: False}
    assert admin.get(f"/api/runs/{things['run']}").status_code == 404


def test_opening_what_is_archived_brings_it_back_and_says_so(
    running: Running, things: dict[str, Any], settings: Settings
) -> None:
    anna = running.login("anna")
    for kind, name in (("forecast", things["old"]), ("version", things["versions"][0])):
        answer = anna.post("/api/archive", json={"kind": kind, "id": name})
        assert answer.status_code == 204, answer.text
    assert len(anna.get("/api/archive").json()["items"]) == 2
    file = anna.get(f"/api/models/{things['versions'][0]}/files/model.pth")
    assert file.content == things["versions"][0].encode() * 100
    assert anna.get(f"/api/prediction/{things['old']}/table.csv").status_code == 200
    assert anna.post("/api/archive", json={"kind": "forecast", "id": things["old"]}).status_code == 204
    shown = anna.get(f"/api/prediction/{things['old']}").json()
    assert (shown["id"], shown["restored"]) == (things["old"], True)
    assert "restored" not in anna.get(f"/api/prediction/{things['old']}").json()
    assert anna.post("/api/archive/restore", json={"kind": "forecast", "id": things["old"]}).status_code == 409


def test_only_who_may_change_a_thing_archives_or_restores_it(running: Running, things: dict[str, Any]) -> None:
    anna, bo = running.login("anna"), running.login("bo")
    for path in ("/api/archive", "/api/archive/restore"):
        for kind, name in (("forecast", things["old"]), ("version", things["versions"][0]), ("run", things["run"])):
            assert bo.post(path, json={"kind": kind, "id": name}).status_code == 403, (path, kind)
        assert anna.post(path, json={"kind": "forecast", "id": things["bo"]}).status_code == 404
        for kind, name in (("forecast", f"PRED{'0' * 28}"), ("version", f"{LINE}/v9"), ("run", "nothing")):
            assert anna.post(path, json={"kind": kind, "id": name}).status_code == 404, (path, kind)
        for kind, name in (("forecast", "x"), ("version", "../x"), ("run", "a/b"), ("run", ".."), ("files", "x")):
            assert anna.post(path, json={"kind": kind, "id": name}).status_code == 422, (path, kind)
    assert anna.post("/api/archive", json={"kind": "run", "id": things["run"]}).status_code == 204
    told = anna.get(f"/api/runs/{things['run']}")
    assert (told.status_code, told.json()["got"]) == (404, f"{things['run']}, which is in the archive")
    assert [item["id"] for item in anna.get("/api/archive").json()["items"]] == [things["run"]]
    assert bo.post("/api/archive/restore", json={"kind": "run", "id": things["run"]}).status_code == 403
    assert anna.post("/api/archive/restore", json={"kind": "run", "id": things["run"]}).status_code == 204
    assert anna.get(f"/api/runs/{things['run']}").status_code == 200
    assert anna.delete(f"/api/prediction/{things['old']}").status_code == 204


def test_deleting_an_archived_forecast_empties_the_archive_of_it(
    running: Running, things: dict[str, Any], settings: Settings
) -> None:
    anna = running.login("anna")
    assert anna.post("/api/archive", json={"kind": "forecast", "id": things["old"]}).status_code == 204
    assert anna.delete(f"/api/prediction/{things['old']}").status_code == 204
    assert [path for path in (settings.home / "archive").rglob("*") if path.is_file()] == []
    assert anna.get("/api/archive").json()["items"] == []


def test_everybody_is_told_of_the_plan_and_the_space_of_what_they_see(running: Running, things: dict[str, Any]) -> None:
    anna, admin = running.login("anna"), running.login()
    assert things["bo"] not in anna.get("/api/retention/plan").text
    assert things["bo"] in admin.get("/api/retention/plan").text
    until = time.monotonic() + 10
    while admin.get("/api/storage").json()["measured_at"] is None and time.monotonic() < until:
        time.sleep(0.1)
    running.services.space._due = 0.0
    running.services.space.measured()
    running.services.space._thread.join()
    of_all, of_anna = admin.get("/api/storage").json(), anna.get("/api/storage").json()
    assert things["bo"] not in str(of_anna)
    counts = {kind["kind"]: kind["count"] for kind in of_all["kinds"]}
    assert (counts["versions"], counts["forecasts"], counts["runs"], counts["cache"]) == (4, 3, 1, None)
    assert {kind["kind"]: kind["count"] for kind in of_anna["kinds"]}["forecasts"] == 2
    assert "database" not in {kind["kind"] for kind in of_anna["kinds"]}
    assert all(kind["bytes"] > 0 for kind in of_all["kinds"] if kind["kind"] in {"versions", "forecasts", "database"})
    assert 0 < len(of_all["largest"]) <= 20
    assert 0 < of_all["free"] < of_all["total"]


def test_an_administrator_sees_how_far_a_cleanup_is_and_stops_it(
    running: Running, things: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, admin = running.login("anna"), running.login()
    assert admin.get("/api/retention/run").json() == {"running": None}
    assert admin.delete("/api/retention/run").status_code == 409
    assert anna.delete("/api/retention/run").status_code == 403
    seen: list[dict[str, Any]] = []

    def one(worker: Worker, *arguments: Any) -> None:
        carried(worker, *arguments)
        other = running.login()
        assert anna.get("/api/retention/run").json() == {"running": None}
        seen.append(other.get("/api/retention/run").json()["running"])
        assert other.delete("/api/retention/run").status_code == 204
        seen.append(other.get("/api/retention/run").json()["running"])

    carried = Worker._one
    monkeypatch.setattr(Worker, "_one", one)
    outcome = admin.post("/api/retention/run", json={}).json()
    assert (outcome["deleted"], outcome["left"]) == (1, 1)
    assert [(each["done"], each["of"], each["stopping"]) for each in seen] == [(0, 2, False), (0, 2, True)]
    assert admin.get("/api/retention/run").json() == {"running": None}


def test_the_schedule_is_off_until_an_administrator_turns_it_on(
    running: Running, things: dict[str, Any], settings: Settings
) -> None:
    anna, admin = running.login("anna"), running.login()
    assert admin.get("/api/retention/schedule").json() == {"on": False, "hour": 3, "last": None}
    assert anna.put("/api/retention/schedule", json={"on": True}).status_code == 403
    assert admin.put("/api/retention/schedule", json={"on": True, "hour": 25}).status_code == 422
    assert admin.put("/api/retention/schedule", json={"on": True, "hour": 4}).json()["on"] is True
    tomorrow = (datetime.now(UTC).astimezone() + timedelta(days=1)).replace(hour=5)
    assert clean_when_due(running.services.keeper, settings, tomorrow)
    last = anna.get("/api/retention/schedule").json()["last"]
    assert (last["deleted"], last["failed"]) == (2, 0)
