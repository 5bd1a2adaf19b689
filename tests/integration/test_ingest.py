"""What the server takes in of a run, from whom, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.conftest import Server
from tests.integration.people import added
from tests.integration.sending import (
    append,
    bearer,
    finished,
    registered,
    sent,
    there,
)
from tidebook.records import labels
from tidebook.sdk.spool import digest_of
from tidebook.sdk.sync import sync


def test_metadata_from_elsewhere_names_neither_the_run_nor_its_id_nor_its_owner(
    server: Server, client: httpx.Client, output: Path
) -> None:
    run = finished(output, "named")
    sent([run.folder], server)
    hostile = {
        "id": "f" * 32,
        "run_name": "../../x",
        "owner": "eve",
        "model_path": "/etc/passwd",
        "status": "completed",
    }
    content = json.dumps(hostile).encode()
    put = client.put(
        "/api/ingest/runs/named/files/metadata.json", params={"digest": digest_of(content)}, content=content
    )
    assert put.status_code == 204
    now = json.loads((there(server, "named") / "metadata.json").read_bytes())
    assert now["run_name"] == "named"
    assert now["id"] == json.loads((run.folder / "metadata.json").read_bytes())["id"]
    assert now["model_path"] is None
    assert "owner" not in now
    content = json.dumps({"owner": "eve", "notes": "mine"}).encode()
    put = client.put("/api/ingest/runs/named/files/labels.json", params={"digest": digest_of(content)}, content=content)
    assert put.status_code == 204
    assert json.loads((there(server, "named") / "labels.json").read_bytes())["owner"] == "admin"


def test_only_who_may_change_a_run_may_send_to_it(server: Server, client: httpx.Client, output: Path) -> None:
    tokens = {name: added(client, name, name)[0] for name in ("ines", "otto")}
    for project, status in (("default", 403), ("hidden", 404)):
        with httpx.Client(base_url=server.url, headers=bearer(tokens["ines"]), trust_env=False) as ines:
            if project != "default":
                assert ines.post("/api/projects", json={"name": project}).status_code == 201
        run = finished(output, f"whose_{project}")
        labels.change(run.folder, project=project)
        (outcome,) = sync([run.folder], server.url, tokens["ines"])
        assert (outcome.state, outcome.run_name) == ("sent", run.run_name)
        owned = json.loads((there(server, run.run_name) / "labels.json").read_bytes())
        assert (owned["owner"], owned["project"]) == ("ines", project)
        (outcome,) = sync([run.folder], server.url, tokens["otto"], again=True)
        assert outcome.state == "refused"
        with httpx.Client(base_url=server.url, headers=bearer(tokens["otto"]), trust_env=False) as otto:
            assert append(otto, run.run_name, 0, b'[\n{"a":1}').status_code == status
            assert otto.post(f"/api/ingest/runs/{run.run_name}/heartbeat").status_code == status
            address = f"/api/ingest/runs/{run.run_name}/files/config.json"
            assert otto.put(address, params={"digest": digest_of(b"x")}, content=b"x").status_code == status


def test_a_second_client_that_is_behind_is_told_where_to_go_on(client: httpx.Client, server: Server) -> None:
    name = registered(client, "behind")
    for offset in (0, 5, 13, 2**40):
        late = append(client, name, offset, b'[\n{"loss":2}' if offset == 0 else b',\n{"loss":2}')
        assert (late.status_code, late.json()["details"]["length"]) == (409, 12)
    other = append(client, name, 12, b',\n{"loss":2}', before=digest_of(b"other bytes"))
    assert (other.status_code, other.json()["details"]) == (409, {"length": 12, "differs": True})
    assert (there(server, name) / "logs/metrics.json").read_bytes() == b'[\n{"loss":1}\n]'


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b'{"a":1}', b',\n{"a":1', b',\n[1]', b',\n{"a":1}\n', b',\n{"a":1},', b',\n{"a":NaN}', b',\n{"a":\n1}',
     b',\n"a"', b',\n{"a":1},{"b":1}', b',\n{"\xff":1}', b'[\n{"a":1}'],
)  # fmt: skip
def test_what_is_not_whole_entries_is_refused_and_nothing_written(
    client: httpx.Client, server: Server, data: bytes
) -> None:
    name = registered(client, "entries")
    refused = append(client, name, 12, data)
    assert refused.status_code == 422, refused.text
    assert {"rule", "got", "fix"} <= refused.json().keys()
    assert (there(server, name) / "logs/metrics.json").read_bytes() == b'[\n{"loss":1}\n]'


def test_a_request_that_is_too_large_is_refused(client: httpx.Client) -> None:
    name = registered(client, "large")
    assert append(client, name, 12, b" " * (16 * 2**20 + 1)).status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(17):
            yield b" " * 2**20

    assert client.post(
        f"/api/ingest/runs/{name}/append", params={"path": "logs/training.log", "offset": 0}, content=pieces()
    ).status_code == 413  # fmt: skip
    new = {"id": "a" * 32, "run_name": "large", "metadata": {"long": "x" * (17 << 20)}}
    for path in ("/api/ingest/runs", "/api/views"):
        refused = client.post(path, json=new)
        assert (refused.status_code, refused.json()["rule"]) == (413, "A request must have at most 16,777,216 bytes")
    content = b"x" * 100_001  # the shared server takes 100,000
    put = client.put(f"/api/ingest/runs/{name}/files/files/x", params={"digest": digest_of(content)}, content=content)
    assert put.status_code == 413


@pytest.mark.parametrize(
    "path",
    [
        "logs/metrics.json", "logs/Metrics.json", "logs/training.log", "heartbeat", "deleted.json", ".synced.json",
        "files/.hidden", "files/../metadata.json", "files/..%2f..%2fx", "%2e%2e/x", "files//x", "other/x", "files",
        "files/a%00b", "files/" + "x" * 300, "files/" + "d/" * 20 + "x", "tables\\x", "labels.json/x", "model/../../x",
        "files/%2e%2e/%2e%2e/%2e%2e/x", "files/a%5cb",
    ],
)  # fmt: skip
def test_a_path_that_no_file_of_a_run_has_is_refused(client: httpx.Client, server: Server, path: str) -> None:
    name = registered(client, "paths")
    before = sorted(str(each) for each in server.home.rglob("*") if "paths" in str(each))
    put = client.put(f"/api/ingest/runs/{name}/files/{path}", params={"digest": digest_of(b"x")}, content=b"x")
    assert put.status_code in {404, 405, 422}, put.text
    assert sorted(str(each) for each in server.home.rglob("*") if "paths" in str(each)) == before


def test_a_link_that_leads_outside_is_not_followed(client: httpx.Client, server: Server, tmp_path: Path) -> None:
    name = registered(client, "linked")
    outside = tmp_path / "outside"
    outside.mkdir()
    (there(server, name) / "files").symlink_to(outside)
    put = client.put(f"/api/ingest/runs/{name}/files/files/x", params={"digest": digest_of(b"x")}, content=b"x")
    assert put.status_code == 422
    assert not list(outside.iterdir())


@pytest.mark.parametrize("name", ["..", ".", ".hidden", "a/b", "a\\b", "", "x" * 256, "a\nb"])
def test_a_run_with_a_name_that_no_folder_may_have_is_refused(client: httpx.Client, name: str) -> None:
    answer = client.post("/api/ingest/runs", json={"id": "a" * 32, "run_name": name})
    assert answer.status_code == 422
    assert client.post("/api/ingest/runs", json={"id": "../" + "a" * 29, "run_name": "x"}).status_code == 422


def test_what_has_another_digest_changes_nothing(client: httpx.Client, server: Server) -> None:
    name = registered(client, "digest")
    address = f"/api/ingest/runs/{name}/files/config.json"
    put = client.put(address, params={"digest": digest_of(b"{}")}, content=b"[]")
    assert (put.status_code, put.json()["details"]) == (409, {"digest": digest_of(b"[]")})
    assert not (there(server, name) / "config.json").exists()
    assert not list(there(server, name).glob(".incoming-*"))
    assert client.put(address, params={"digest": digest_of(b"{}")}, content=b"{}").status_code == 204
    assert (there(server, name) / "config.json").read_bytes() == b"{}"
