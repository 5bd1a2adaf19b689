"""Users come and go, share projects, and change what is theirs."""

from __future__ import annotations

import pytest
from websockets.exceptions import ConnectionClosed

from tests.integration.people import SHARED, People, added
from tests.integration.test_restart import subscribe
from tidebook.core.files import read_json
from tidebook.server.auth import REFUSED


@pytest.mark.parametrize(
    ("project", "status", "words"),
    [("north", 404, "The project must exist"), ("nothing", 404, "tidebook projects add nothing"), ("open", 403, "bo")],
)
def test_a_project_takes_things_of_its_members_only(people: People, project: str, status: int, words: str) -> None:
    with people.client("bo") as bo:
        for path, body in (
            ("/api/training", {"dataset": people.common, "product_ids": ["P001"]}),
            ("/api/datasets", {"path": "x.csv"}),
            ("/api/prediction", {"model": SHARED, "horizon": 3}),
        ):
            answer = bo.post(path, json={**body, "project": project})
            assert answer.status_code == status, answer.text
            assert words in answer.json()["detail"]


def test_what_is_public_is_read_by_all_and_changed_by_its_own(people: People) -> None:
    with people.client("anna") as anna, people.client("bo") as bo:
        made = anna.post("/api/prediction", json={"model": SHARED, "horizon": 3, "project": "open"}).json()
        path = f"/api/prediction/{made['id']}"
        assert bo.get(path).json()["owner"] == "anna"
        assert made["id"] in {item["id"] for item in bo.get("/api/prediction").json()["items"]}
        refused = bo.delete(path)
        assert refused.status_code == 403
        assert "it belongs to anna in the project open" in refused.json()["detail"]
        assert bo.delete(f"/api/models/{SHARED}/v1").status_code == 403  # nobody's: administrators'
        assert anna.delete(path).status_code == 204


def test_a_member_comes_and_goes(people: People) -> None:
    with people.client("anna") as anna, people.client("bo") as bo:
        assert bo.put("/api/projects/open/members/bo").status_code == 403
        shared = anna.put("/api/projects/north/members/bo").json()
        assert (shared["members"], shared["role"]) == (["bo"], "owner")
        assert bo.get(f"/api/datasets/{people.dataset}").json()["name"] == "secret sales"
        roles = {project["name"]: project["role"] for project in bo.get("/api/session").json()["projects"]}
        assert roles == {"default": "member", "north": "member", "open": "viewer"}
        assert anna.delete("/api/projects/north/members/bo").status_code == 204
        assert bo.get(f"/api/datasets/{people.dataset}").status_code == 404


def test_a_project_that_holds_something_is_kept(people: People) -> None:
    with people.client("anna") as anna:
        refused = anna.delete("/api/projects/north")
        assert refused.status_code == 409
        assert {"versions", "datasets", "forecasts"} <= refused.json()["details"]["left"].keys()
        assert anna.post("/api/projects", json={"name": "empty"}).status_code == 201
        assert anna.delete("/api/projects/empty").status_code == 204


def test_the_home_is_closed_to_members_as_a_place_of_tables(people: People) -> None:
    table = people.server.home / "datasets" / people.dataset / "table.csv"
    table.write_text("date,sales\n2026-01-01,1\n")
    with people.client("bo") as bo, people.client("admin") as admin:
        assert bo.post("/api/datasets", json={"path": str(table)}).status_code == 403
        assert admin.post("/api/datasets", json={"path": str(table)}).json()["rule"] == "It must be good"


def test_members_do_not_manage_users(people: People) -> None:
    with people.client("bo") as bo:
        assert bo.post("/api/users", json={"id": "eve", "role": "administrator"}).status_code == 403
        assert bo.post("/api/users/admin/login").status_code == 403
        assert bo.patch("/api/users/bo", json={"role": "administrator"}).status_code == 403
        assert bo.patch("/api/users/anna", json={"name": "Bo"}).status_code == 403
        assert bo.patch("/api/users/bo", json={"name": "Bo B."}).json()["name"] == "Bo B."
        assert bo.get("/api/users").json()["items"][0]["id"] == "admin"
        assert bo.post("/api/users/bo/login").status_code == 201


def test_who_is_removed_is_out_at_once_and_keeps_the_name(people: People) -> None:
    with people.client("admin") as admin:
        people.tokens["eve"], _ = added(admin, "eve", "Eve")
        with people.client("eve") as eve, people.live("eve") as socket:
            subscribe(socket, "training")
            socket.recv(timeout=10)
            made = eve.post("/api/prediction", json={"model": SHARED, "horizon": 3}).json()
            assert admin.delete("/api/users/eve").status_code == 204
            assert eve.get("/api/session").status_code == 401
            with pytest.raises(ConnectionClosed) as closed:
                socket.recv(timeout=20)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == REFUSED
        assert admin.get(f"/api/prediction/{made['id']}").json()["owner"] == "eve"
        gone = next(user for user in admin.get("/api/users").json()["items"] if user["id"] == "eve")
        assert (gone["name"], gone["removed"]) == ("Eve", True)
        assert admin.post("/api/users", json={"id": "eve"}).status_code == 409
        assert admin.delete("/api/users/admin").status_code == 409


def test_a_home_of_an_earlier_release_keeps_its_trainings_and_forecasts(people: People) -> None:
    task = people.server.home / "tasks" / people.task / "task.json"
    assert "project" in read_json(task)["spec"]
    with people.client("admin") as admin:
        old = admin.get(f"/api/models/{SHARED}/v1").json()
    assert (old["project"], old["owner"]) == ("default", None)
