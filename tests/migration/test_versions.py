"""A home from before versions had aliases, policies or an archive starts, lists everything and loses nothing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from starlette.testclient import TestClient

from tests.migration.revisions import database_at
from tests.unit.retention.homes import LINE, forecast, publish, run
from tests.unit.server.conftest import Running
from tidebook.catalog.moments import milliseconds
from tidebook.core.settings import Settings
from tidebook.records import forecast as forecasts
from tidebook.server.app import create_app

DIGEST = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  #: sha256 of "secret"
STALE = {"address": f"{LINE}/v1", "is_best": True, "size_bytes": 1, "project": "north", "description": "as it was"}
POLICY = {
    "forecasts": {"days": 7, "newest": None},
    "versions": {"newest": 2},
    "runs": {"completed_days": None, "failed_days": None},
    "action": "archive",
}


def everything(home: Path) -> dict[str, bytes]:
    """What a home holds of people: all files but those of the database, of the cache and of the list of changes."""
    kept = ("saved_models/product", "saved_predictions", "out")
    return {
        path.relative_to(home).as_posix(): path.read_bytes()
        for folder in kept
        for path in (home / folder).rglob("*")
        if path.is_file()
    }


def filled(connection: Connection, revision: str, summary: dict[str, Any]) -> None:
    """The rows that the Tidebook of a revision had made."""
    connection.execute(
        text("INSERT INTO users (id, name, role, created) VALUES ('admin', 'Administrator', 'administrator', 1)")
    )
    connection.execute(
        text("INSERT INTO tokens VALUES ('TOKN', 'admin', 'x', :digest, 1, NULL)"),
        {"digest": DIGEST},
    )
    connection.execute(text("INSERT INTO projects VALUES ('north', 'North', 'everybody', 'admin', 1)"))
    versions: dict[str, Any] = {"address": f"{LINE}/v1", "line": LINE, "mode": "product", "scope": "P001_all"}
    versions |= {"model_type": "lstm", "version": 1, "published": 1, "is_best": True, "words": "x", "project": "north"}
    if revision == "0003":
        _insert(connection, "model_versions", {**versions, "item": json.dumps(STALE)})
    else:
        more = {"n": 1, "pinned": False, "archived": False, "bytes": 1, "stamp": "1.0"}
        _insert(connection, "model_versions", {**versions, **more})
        _insert(connection, "version_items", {"version": 1, "item": json.dumps(STALE)})
        _insert(connection, "version_aliases", {"version": 1, "alias": "production"})
    name = summary["id"]
    history = {
        "id": name,
        "created": milliseconds(summary["created_at"]),
        "model": f"{LINE}/v1",
        "path": f"saved_predictions/{name}.json",
    }
    item = json.dumps(summary)
    _insert(connection, "prediction_history", {**history, "is_archived": False, "total": 1.0, "item": item})
    if revision >= "0005":
        _insert(
            connection,
            "retention_policies",
            {"project": "north", "policy": json.dumps(POLICY), "changed": 1, "changed_by": "admin"},
        )
        _insert(connection, "retention_schedule", {"id": 1, "is_on": False, "hour": 5})


def _insert(connection: Connection, table: str, values: dict[str, Any]) -> None:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)  # noqa: S608 - fixed names


@pytest.mark.parametrize("revision", ["0003", "0004", "0005"])
def test_an_older_home_starts_lists_all_and_loses_nothing(settings: Settings, revision: str) -> None:
    versions = [publish(settings, wape=wape, day=day) for day, wape in enumerate((0.3, 0.1, 0.2), start=1)]
    prediction = forecast(settings, versions[0])
    run(settings, "run_1", days=3)
    shutil.rmtree(settings.home / "source")
    before = everything(settings.home)
    database = database_at(settings, revision)
    with database.write() as connection:
        filled(connection, revision, forecasts.summary(forecasts.load(settings, prediction)))
    database.close()
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        running = Running(client, client.app.state.services)  # type: ignore[attr-defined]
        running.services.sync.runs.look(60)
        admin = TestClient(client.app, base_url="http://127.0.0.1", headers={"Authorization": "Bearer secret"})
        listed = admin.get("/api/models").json()
        assert [item["address"] for item in listed["models"]] == versions[::-1]
        assert [item["address"] for item in listed["models"] if item["is_best"]] == [versions[1]]
        assert [item["project"] for item in listed["models"]] == ["default"] * 3
        assert all(item["size_bytes"] > 100 and item["aliases"] == [] for item in listed["models"])
        assert [item["id"] for item in admin.get("/api/prediction").json()["items"]] == [prediction]
        assert admin.get(f"/api/prediction/{prediction}").json()["model"]["address"] == versions[0]
        assert [item["run_name"] for item in admin.get("/api/runs").json()["items"]] == ["run_1"]
        assert [each["name"] for each in admin.get("/api/projects").json()["items"]] == ["default", "north"]
        policies = {each["project"]: each for each in admin.get("/api/retention/policies").json()["items"]}
        assert policies["north"]["stored"] is (revision >= "0005")
        assert policies["north"]["versions"]["newest"] == (2 if revision >= "0005" else 3)
        assert admin.get("/api/retention/schedule").json() == {
            "on": False,
            "hour": 5 if revision >= "0005" else 3,
            "last": None,
        }
        plan = {item["id"]: item for item in admin.get("/api/retention/plan").json()["items"]}
        assert [item for item in plan.values() if item["goes"]] == []
        given = admin.put(f"/api/model-lines/{LINE}/aliases/production", json={"version": "v1", "reason": ""})
        assert [each["alias"] for each in given.json()["aliases"]] == ["production"]
    after = everything(settings.home)
    assert {path: after[path] for path in before} == before
