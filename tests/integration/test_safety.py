"""Nobody comes in without a login, from another site, or by a path trick."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.integration.conftest import Server
from tidebook.core.settings import Settings
from tidebook.server.app import ROUTERS
from tidebook.server.auth import OPEN

TRICKS = [
    "..%2F..%2Fetc%2Fpasswd",
    "%2e%2e",
    "TRAI%00",
    "....",
    "TRAI" + "A" * 28,
    "x" * 300,
    "DSET/../../x",
    "%F0%9F%90%9F",
]


def routes() -> list[tuple[str, str]]:
    """Method and path of every route below /api, with something in the place of each parameter."""
    found = []
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.path.startswith("/api"):
                path = re.sub(r"\{[^}]*\}", "x", route.path)
                found += [(method, path) for method in sorted(route.methods or ())]
    return found


@pytest.mark.parametrize(("method", "path"), [pair for pair in routes() if pair[1] not in OPEN])
def test_every_route_needs_a_login(server: Server, method: str, path: str) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as nobody:
        answer = nobody.request(method, path)
    assert answer.status_code == 401, path
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["rule"] == "You must be logged in"
    assert "token" not in answer.text.lower() or "Bearer" in answer.text


def test_the_openapi_document_needs_a_login_and_health_does_not(server: Server) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as nobody:
        assert nobody.get("/api/openapi.json").status_code == 401
        assert nobody.get("/api").status_code == 401
        assert nobody.get("/api/health").json()["status"] == "ok"
    assert {"/api/health"} == OPEN


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer", "Basic YTpi", "bearer \x00"])
def test_a_wrong_token_opens_nothing(server: Server, header: str) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as nobody:
        assert nobody.get("/api/session", headers={"Authorization": header.replace("\x00", "%00")}).status_code == 401
        assert nobody.get("/api/session", headers={"Cookie": "tidebook_session=wrong"}).status_code == 401


def test_a_login_link_opens_one_browser_once(server: Server) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as browser:
        again = browser.get(server.login_url)  # the fixture has used it
        assert again.status_code == 401
        assert "This link has been used" in again.text
        assert "set-cookie" not in again.headers


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(tmp_path: Path) -> None:
    from tidebook.catalog.credentials import Credentials
    from tidebook.catalog.database import open_database

    fresh = Server(tmp_path / "home", "silent").start()
    database = open_database(Settings(home=tmp_path / "home"))
    token = Credentials(database).create_login("admin")
    database.close()
    with httpx.Client(base_url=fresh.url, trust_env=False) as browser:
        answer = browser.get("/login", params={"token": token})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert browser.get("/api/session").json()["user"]["role"] == "administrator"
        secret = browser.cookies["tidebook_session"]
        assert browser.delete("/api/session").status_code == 204
        assert browser.get("/api/session", headers={"Cookie": f"tidebook_session={secret}"}).status_code == 401
    fresh.stop()
    assert secret.encode() not in (tmp_path / "home" / "tidebook.db").read_bytes()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "", "localhost.evil.example"])
def test_another_host_name_is_refused(server: Server, client: httpx.Client, host: str) -> None:
    answer = client.get("/api/session", headers={"Host": host})
    assert answer.status_code == 403
    assert answer.json()["rule"] == "The Host header must name this server"
    assert client.get("/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost"])
def test_another_origin_is_refused(client: httpx.Client, origin: str) -> None:
    answer = client.post("/api/tokens", json={"name": "x"}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert answer.json()["rule"] == "The Origin header must be this server's own"


def test_its_own_origin_is_taken(server: Server, client: httpx.Client) -> None:
    answer = client.post("/api/tokens", json={"name": "x"}, headers={"Origin": server.url})
    assert answer.status_code == 201
    made = answer.json()
    assert made["token"].startswith("tide_")
    listed = client.get("/api/tokens").json()["items"]
    assert made["id"] in {token["id"] for token in listed}
    assert made["token"] not in str(listed)
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert client.get("/api/session", headers=bearer).status_code == 200
    assert client.delete(f"/api/tokens/{made['id']}").status_code == 204
    assert client.get("/api/session", headers=bearer).status_code == 401
    assert client.delete(f"/api/tokens/{made['id']}").status_code == 404


def test_the_websocket_needs_a_login_and_its_own_origin(server: Server) -> None:
    url = f"ws{server.url[4:]}/api/live"
    bearer = {"Authorization": f"Bearer {server.token}"}
    refusals: list[tuple[dict[str, str], str | None]] = [({}, None), (bearer, "https://evil.example"), (bearer, "null")]
    for headers, origin in refusals:
        with pytest.raises(InvalidStatus) as refused:
            connect(url, additional_headers=headers, origin=Origin(origin) if origin else None, proxy=None)
        assert refused.value.response.status_code == 403
    with connect(url, additional_headers=bearer, origin=Origin(server.url), proxy=None):
        pass


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize(
    "path",
    [
        "/api/datasets/{}",
        "/api/datasets/{}/preview",
        "/api/datasets/{}/ids?kind=product",
        "/api/training/{}",
        "/api/training/{}/logs",
        "/api/prediction/{}",
        "/api/prediction/{}/table.csv",
        "/api/prediction/{}/chart.png",
        "/api/models/{}",
        "/api/models/product/{}/lstm/v1",
        "/api/models/product/P001_all/lstm/v1/files/{}",
    ],
)
def test_a_trick_in_an_id_reaches_no_file(client: httpx.Client, path: str, trick: str) -> None:
    answer = client.get(path.format(trick))
    assert answer.status_code in {404, 422}, answer.text
    assert {"rule", "got", "fix"} <= answer.json().keys()
    assert "root:" not in answer.text


@pytest.mark.parametrize("path", ["/../../../../etc/passwd", "/%2e%2e/%2e%2e/app.py", "/assets/..%2f..%2fapp.py"])
def test_a_trick_in_the_path_of_the_web_ui_reaches_no_file(server: Server, path: str) -> None:
    with httpx.Client(base_url=server.url, trust_env=False) as browser:
        answer = browser.get(path)
    assert "root:" not in answer.text
    assert "create_app" not in answer.text


def test_every_answer_keeps_other_sites_out(client: httpx.Client) -> None:
    for path in ("/", "/api/session", "/api/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
    assert client.get("/api/session").headers["cache-control"] == "no-store"


def test_an_unknown_path_and_a_wrong_method_are_problems(client: httpx.Client) -> None:
    unknown = client.get("/api/nothing")
    assert (unknown.status_code, unknown.json()["got"]) == (404, "GET /api/nothing")
    wrong = client.put("/api/training", json={})
    assert wrong.status_code in {404, 405}
    assert wrong.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/api/prediction", {"model": "product/P001_all/lstm", "horizon": 0}, ["horizon", "1"]),
        ("/api/prediction", {"model": "product/P001_all/lstm", "horizon": 10_000}, ["horizon", "730"]),
        ("/api/prediction", {"horizon": 28}, ["A forecast must name its model"]),
        ("/api/prediction", {"model": "../../etc", "horizon": 28}, ["address"]),
        ("/api/prediction", {"model": "product/P001_all/lstm", "dataset": "/etc/passwd"}, ["DSET"]),
        ("/api/prediction", {"modle": "x"}, ["modle", "Did you mean mode"]),
        ("/api/training", {"dataset": "/etc/passwd", "product_ids": ["P001"]}, ["DSET"]),
        ("/api/training", {"dataset": "DSET" + "0" * 28, "product_ids": []}, ["exactly one product"]),
        ("/api/training", {"product_ids": ["P001"]}, ["dataset must be given"]),
        ("/api/training", [], ["The body must be a JSON object"]),
        ("/api/training", {"dataset": "x", "epochs": 3}, ["epochs", "hyperparameters"]),
    ],
)
def test_a_request_that_breaks_a_rule_is_told_which(
    client: httpx.Client, path: str, body: object, words: list[str]
) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["rule"]
    assert problem["fix"]
    for word in words:
        assert word in problem["detail"]


def test_a_body_that_is_no_json_is_told_so(client: httpx.Client) -> None:
    answer = client.post("/api/training", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["rule"]) == (422, "The body must be JSON")


def test_a_port_in_use_is_told_with_another_one(server: Server, tmp_path: Path) -> None:
    port = server.url.rsplit(":", 1)[1]
    second = Server(tmp_path / "home", "silent")
    with pytest.raises(AssertionError) as refused:
        second.start(int(port))
    text = str(refused.value)
    assert f"The port {port} on 127.0.0.1 must be free, but got a port that another program listens on" in text
    assert f"--port {int(port) + 1}" in text
    assert not (tmp_path / "home" / "tidebook.db").exists()


def test_a_second_server_of_one_home_is_refused(server: Server) -> None:
    with pytest.raises(AssertionError, match="A home must have one server only"):
        Server(server.home, "silent").start()


def test_the_server_imports_nothing_heavy() -> None:
    code = (
        "import sys; import tidebook.server.serve;"
        "print([m for m in ('torch', 'polars', 'pandas', 'matplotlib', 'pyarrow') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
