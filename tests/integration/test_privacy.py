"""What is private to others does not exist, whatever is asked and however."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from tests.integration.people import FILES, GIVEN, PRIVATE, RUN, SHARED, People
from tests.integration.test_restart import subscribe
from tidebook.server.app import ROUTERS
from tidebook.server.auth import OPEN


def routes(people: People) -> list[tuple[str, str, bool]]:
    """Method and path of every route below /api, Anna's things in the place of parameters, and whether it has any."""
    values = {
        "dataset_id": people.dataset,
        "task_id": people.task,
        "prediction_id": people.forecast,
        "address": f"{PRIVATE}/v1",
        "run_name": RUN,
        "token_id": people.token_id,
        "view_id": people.view,
        "path": "metadata.json",
        "prefix": f"{PRIVATE}/v1",
        "line": PRIVATE,
        "alias": "production",
        "project": "north",
    }
    found = []
    for router in ROUTERS:
        for route in router.routes:
            if not isinstance(route, APIRoute) or not route.include_in_schema or route.path in OPEN:
                continue
            in_project = route.path.startswith(("/api/projects", "/api/retention"))
            own = {
                **values,
                "name": "north" if in_project else FILES if route.path.startswith("/api/store") else "metadata.json",
                "user_id": "bo" if in_project else "anna",
            }
            path = re.sub(r"\{(\w+)[^}]*\}", lambda match, own=own: own[match[1]], route.path)  # type: ignore[misc]
            found += [(method, path, "{" in route.path) for method in sorted(route.methods or ())]
    return found


BODIES: dict[str, Any] = {
    "mapping": {"target": "sales"},
    "projects": {"title": "Mine now"},
    "users": {"role": "administrator"},
    "runs": {"notes": "Mine now"},
    "models": {"notes": "Mine now"},
    "aliases": {"version": "v1", "reason": "mine now"},
    "policies": {"versions": {"newest": 1}},
}
FILE: dict[str, str | int] = {
    "path": "metadata.json",
    "size": 0,
    "mtime": "2026-01-01T00:00:00+00:00",
    "digest": f"blake3:{'0' * 64}",
}
STORE: dict[str, Any] = {
    "commits": {"claim": "run", "files": [FILE]},
    "shares": {"file": FILE, "held": f"{PRIVATE}/v1/metadata.json"},
    "contents": {"paths": ["metadata.json"]},
    "removals": {"paths": ["metadata.json"]},
}  #: what goes with POST
QUERY: dict[str, str | int] = {
    "kind": "product",
    "name": "loss",
    "run": RUN,
    "path": "metadata.json",
    "offset": 0,
    "digest": "0" * 64,
    "a": f"{PRIVATE}/v1",
    "b": f"{SHARED}/v2",
}


def asked(client: httpx.Client, method: str, path: str) -> httpx.Response:
    """The answer to a request that is well-formed."""
    body = next((BODIES[part] for part in reversed(path.split("/")) if part in BODIES), None)
    if path.startswith("/api/store"):
        own = {**FILE, "line": PRIVATE, "owner": "run", "name": "labels.json", "prefix": f"{PRIVATE}/v1"}
        return client.request(method, path, params=own, json=STORE.get(path.split("/")[3]))
    if method in {"PUT", "PATCH"} and body is not None and "/ingest/" not in path:
        return client.request(method, path, json=body, params=QUERY)
    query = {**QUERY, "kind": "version"} if path.startswith("/api/retention") else QUERY
    return client.request(method, path, params=query)


def test_nothing_in_a_private_project_of_others_exists_whatever_is_asked(people: People) -> None:
    with people.client("bo") as bo:
        for method, path, named in routes(people):
            if not named:
                continue
            answer = asked(bo, method, path)
            ours = path.startswith("/api/users")
            assert answer.status_code == (403 if ours else 404), (method, path, answer.text)
            assert {"rule", "got", "fix"} <= answer.json().keys()
    with people.client("anna") as anna:
        for method, path, named in routes(people):
            if named and method == "GET":
                assert asked(anna, method, path).status_code in {200, 422}, path  # 422: the worker without models


def test_no_list_tells_of_what_is_private_to_others(people: People) -> None:
    with people.client("bo") as bo:
        for method, path, named in routes(people):
            if not named and method == "GET":
                answer = asked(bo, method, path)
                assert answer.status_code in {200, 404}, (path, answer.text)
                told = [secret for secret in people.secrets if secret in answer.text and secret not in str(answer.url)]
                assert told == [], path
        for word in ("P007", "north", "training of"):
            found = bo.get("/api/models", params={"search": word}).json()["models"]
            assert {model["address"] for model in found} <= {f"{SHARED}/v1", f"{GIVEN}/v1"}
    with people.client("anna") as anna:
        found = anna.get("/api/models", params={"search": "P007"}).json()["models"]
        assert [(model["project"], model["owner"]) for model in found] == [("north", "anna")]


def test_lists_of_a_project_hold_what_is_in_it_and_the_user_sees(people: People) -> None:
    def listed(client: httpx.Client, project: str) -> list[set[str]]:
        pages = [
            client.get(f"/api/{name}", params={"project": project}) for name in ("training", "datasets", "prediction")
        ]
        models = client.get("/api/models", params={"project": project}).json()
        addresses = {model["address"] for model in models["models"]}
        assert models["pagination"]["total"] == len(addresses)
        return [*({item["id"] for item in page.json()["items"]} for page in pages), addresses]

    versions = {f"{SHARED}/v2", f"{PRIVATE}/v1"}
    with people.client("anna") as anna, people.client("bo") as bo, people.client("admin") as admin:
        for client in (anna, admin):
            tasks, datasets, forecasts, models = listed(client, "north")
            assert (tasks, datasets, models) == ({people.task}, {people.dataset}, versions)
            assert people.forecast in forecasts
        assert listed(bo, "north") == listed(bo, "nothing") == listed(anna, "nothing") == [set()] * 4
        _, datasets, _, models = listed(anna, "default")
        assert (datasets, models) == ({people.common}, {f"{SHARED}/v1", f"{GIVEN}/v1"})
        for name in ("training", "datasets", "prediction", "models"):
            refused = anna.get(f"/api/{name}", params={"project": "North!"})
            assert (refused.status_code, "project" in refused.json()["detail"]) == (422, True), name


@pytest.mark.parametrize("topic", ["training/{}", "training/{}/logs", "training/{}/metrics"])
def test_live_topics_of_others_do_not_exist(people: People, topic: str) -> None:
    with people.live("bo") as socket:
        subscribe(socket, topic.format(people.task))
        message = json.loads(socket.recv(timeout=10))
    assert message["error"]["status"] == 404
    assert message["error"]["rule"] == "The task must exist"


def test_the_live_list_of_trainings_leaves_out_those_of_others(people: People) -> None:
    with people.live("bo") as socket:
        subscribe(socket, "training")
        assert json.loads(socket.recv(timeout=10))["items"] == []
    with people.live("anna") as socket:
        subscribe(socket, "training")
        assert [item["id"] for item in json.loads(socket.recv(timeout=10))["items"]] == [people.task]


def test_runs_of_others_are_in_no_list_curve_or_comparison_and_cannot_be_changed(people: People) -> None:
    with people.client("bo") as bo:
        for where in ("", "project = north", 'owner = "anna"', "metrics.north_loss < 1", f"run_name = {RUN}"):
            found = bo.get("/api/runs", params={"where": where}).json()["items"]
            assert [run for run in found if run["owner"] != "bo"] == [], where
            assert bo.get("/api/run-count", params={"where": where}).json() == {"count": len(found)}
        curves = {"runs": [RUN], "names": ["loss"], "axis": "step", "points": 10}
        assert bo.post("/api/runs/curves", json=curves).status_code == 404
        for change in ({"action": "archive"}, {"action": "delete"}, {"action": "move", "project": "default"}):
            answer = bo.post("/api/runs/bulk", json={"runs": [RUN], **change}).json()
            assert answer["done"] == []
            assert answer["failed"][0]["problem"]["rule"] == "The run must exist"
    with people.client("anna") as anna:
        found = anna.get("/api/runs", params={"where": "project = north"}).json()["items"]
        assert RUN in {run["run_name"] for run in found}
        assert anna.patch(f"/api/runs/{RUN}", json={"project": "nothing"}).status_code == 404
        assert anna.get(f"/api/runs/{RUN}").json()["project"] == "north"


@pytest.mark.parametrize("topic", ["runs/{}", "runs/{}/logs", "runs/{}/metrics"])
def test_live_topics_of_runs_of_others_do_not_exist(people: People, topic: str) -> None:
    with people.live("bo") as socket:
        subscribe(socket, topic.format(RUN))
        assert json.loads(socket.recv(timeout=10))["error"]["status"] == 404
        subscribe(socket, "runs")
        assert RUN not in str(json.loads(socket.recv(timeout=10)))


def test_nobody_computes_with_what_they_do_not_see(people: People) -> None:
    training = {"dataset": people.dataset, "product_ids": ["P001"]}
    forecasts: list[dict[str, Any]] = [
        {"model": PRIVATE},
        {"model": f"{PRIVATE}/v1"},
        {"model": SHARED, "version": "v2"},
        {"model": SHARED, "dataset": people.dataset},
        {"model": SHARED, "project": "north"},
    ]
    with people.client("bo") as bo:
        for path in ("/api/training", "/api/training/check"):
            answer = bo.post(path, json=training)
            assert (answer.status_code, answer.json()["rule"]) == (404, "A dataset must be registered")
        for body in forecasts:
            answer = bo.post("/api/prediction", json={"horizon": 3, **body})
            assert answer.status_code == 404, (body, answer.text)
            assert "v2" not in answer.json()["fix"]
            assert "P007" not in answer.json()["fix"]
        hidden = bo.post("/api/prediction", json={"model": GIVEN, "horizon": 3})
        assert (hidden.status_code, hidden.json()["rule"]) == (404, "A forecast needs a history that the user sees")
        own = bo.post("/api/prediction", json={"model": GIVEN, "dataset": people.common, "horizon": 3})
        assert own.status_code == 201, own.text
        best = bo.post("/api/prediction", json={"model": SHARED, "horizon": 3}).json()
        assert (best["model"]["address"], best["project"], best["owner"]) == (f"{SHARED}/v1", "default", "bo")
    with people.client("anna") as anna:
        best = anna.post("/api/prediction", json={"model": SHARED, "horizon": 3}).json()
        assert (best["model"]["address"], best["project"], best["owner"]) == (f"{SHARED}/v2", "north", "anna")


def test_an_ensemble_is_made_of_versions_that_one_sees(people: People) -> None:
    def made(client: httpx.Client, members: str) -> httpx.Response:
        values = {"model_type": "ensemble", "hyperparameters": {"members": members}}
        return client.post("/api/training", json={"dataset": people.common, "product_ids": ["P001"], **values})

    with people.client("bo") as bo:
        assert made(bo, f"{SHARED}/v1, {PRIVATE}/best").status_code == 404
        assert made(bo, f"{SHARED}/v1, {SHARED}/v2").status_code == 404
        answer = made(bo, f"{SHARED}/best")
        assert answer.status_code == 202, answer.text
        assert answer.json()["spec"]["hyperparameters"]["members"] == f"{SHARED}/v1"
