"""Forecasts over HTTP with a worker that has no model: what the server itself does with them."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.integration.conftest import Server, eventually
from tests.integration.test_restart import live, subscribe

BODY = {"model": "product/P001_all/lstm", "horizon": 3}


def test_a_forecast_is_saved_before_it_is_answered(server: Server, client: httpx.Client) -> None:
    answer = client.post("/api/prediction", json=BODY)
    assert answer.status_code == 201
    result = answer.json()
    assert client.get(f"/api/prediction/{result['id']}").json() == result
    assert (server.home / "saved_predictions" / f"{result['id']}.json").is_file()
    assert client.get("/api/prediction", params={"limit": 1}).json()["items"][0]["id"] == result["id"]


def test_the_history_is_paged_and_forgets_what_is_deleted(client: httpx.Client) -> None:
    made = [client.post("/api/prediction", json=BODY).json()["id"] for _ in range(3)]
    seen, after = [], None
    for _ in range(50):
        page = client.get("/api/prediction", params={"limit": 2, **({"after": after} if after else {})}).json()
        seen += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen[:3] == made[::-1]
    assert len(seen) == len(set(seen))
    assert client.delete(f"/api/prediction/{made[1]}").status_code == 204
    assert client.delete(f"/api/prediction/{made[1]}").status_code == 404
    assert made[1] not in {item["id"] for item in client.get("/api/prediction").json()["items"]}


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"after": "../x"}, {"limit": "many"}])
def test_a_page_that_cannot_be_is_told_so(client: httpx.Client, query: dict[str, str]) -> None:
    answer = client.get("/api/prediction", params=query)
    assert answer.status_code == 422
    assert next(iter(query)) in answer.json()["rule"]


def test_an_id_that_looks_like_a_formula_is_harmless_in_the_table(client: httpx.Client) -> None:
    result = client.post("/api/prediction", json=BODY).json()
    answer = client.get(f"/api/prediction/{result['id']}/table.csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="{result["id"]}.csv"'
    lines = answer.content.decode("utf-8").splitlines()
    assert lines[0] == "\ufeffproduct_id,date,kind,value"
    assert lines[1] == "'=P001,2026-01-01,history,1.5"


def test_a_problem_of_the_worker_is_the_answer(client: httpx.Client) -> None:
    result = client.post("/api/prediction", json=BODY).json()
    answer = client.get(f"/api/prediction/{result['id']}/chart.png")
    assert (answer.status_code, answer.json()["detail"]) == (422, "It must be good, but got bad. Mend.")


def test_a_forecast_that_the_command_line_saved_appears(server: Server, client: httpx.Client) -> None:
    from tidebook.core.ids import new_id
    from tidebook.core.settings import Settings
    from tidebook.records import forecast as records

    result = client.post("/api/prediction", json=BODY).json()
    other = {**result, "id": new_id("PRED")}
    records.save(Settings(home=server.home), other)
    eventually(lambda: other["id"] in {item["id"] for item in client.get("/api/prediction").json()["items"]}, 4)


def test_a_server_with_live_clients_ends_soon_and_tells_them(start_server: Callable[..., Server]) -> None:
    server = start_server()
    with live(server) as socket:
        subscribe(socket, "training")
        socket.recv(timeout=5)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 4
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)
