"""A server whose store is in a bucket: its jobs publish through it, and know nothing of the bucket."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.integration.conftest import Server, eventually
from tests.integration.test_main_job import request, table
from tests.s3_servers import SECRET, S3Server, moto
from tidebook.core.files import write_json
from tidebook.store.copying import digest
from tidebook.store.http_store import HttpStore

LINE = "product/P001_all/lstm"


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3Server]:
    with moto() as server:
        yield server


def started(bucket: S3Server, folder: Path, kind: str) -> Server:
    (folder / "data").mkdir()
    without_promotions = [line.rpartition(",")[0] for line in table().splitlines()]
    (folder / "data" / "sales.csv").write_text("\n".join(without_promotions))
    store = f"s3://{bucket.new_bucket()}/models"
    env = {"TIDEBOOK_STORE": store, "TIDEBOOK_DATA_ROOTS": str(folder / "data"), **bucket.environment()}
    return Server(folder / "home", kind, env).start()


def registered(http: httpx.Client, server: Server) -> str:
    path = server.home.parent / "data" / "sales.csv"
    answer = http.post("/api/datasets", json={"path": str(path), "mapping": {}})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture(scope="module")
def real(bucket: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(bucket, tmp_path_factory.mktemp("s3"), "real")
    yield server
    server.stop()


def test_a_training_publishes_into_the_bucket_and_a_forecast_reads_from_it(real: Server, tmp_path: Path) -> None:
    with real.client() as http:
        task = http.post("/api/training", json=request(registered(http, real))).json()
        eventually(lambda: http.get(f"/api/training/{task['id']}").json()["finished_at"], 120)
        done = http.get(f"/api/training/{task['id']}").json()
        assert done["state"] == "SUCCESS", done["error"]
        assert done["version"] == f"{LINE}/v1"
        shown = http.get(f"/api/models/{LINE}/v1").json()
        assert (shown["owner"], shown["project"]) == ("admin", "default")
        forecast = http.post("/api/prediction", json={"model": LINE, "horizon": 5})
        assert forecast.status_code == 201, forecast.text
    store = HttpStore(real.url, real.token, cache=tmp_path, patience=20)
    assert {entry["path"] for entry in store.manifest(f"{LINE}/v1")["files"]} >= {"model.pth", "metadata.json"}
    assert not (real.home / "saved_models").exists()


def test_large_files_go_through_to_the_bucket_without_filling_the_memory(real: Server, tmp_path: Path) -> None:
    store = HttpStore(real.url, real.token, cache=tmp_path / "cache", patience=30)
    made = tmp_path / "made"
    made.mkdir()
    write_json(made / "metadata.json", {"format_version": 1})
    (made / "model.pth").write_bytes(os.urandom(120_000_000))
    line = "product/P900_all/lstm"
    process = psutil.Process(real.pid)
    first = process.memory_info().rss
    prefix = f"{line}/v{store.claim(line, 'run')}"
    store.commit(prefix, store.fill(prefix, {path.name: path for path in made.iterdir()}))
    assert digest(store.open(prefix, "model.pth")) == digest(made / "model.pth")
    assert process.memory_info().rss - first < 90_000_000
    assert store.newest(line) == 1
    store.delete(prefix, "the test is over", force=True)
    assert list(store.trees(line)) == []


def test_a_job_gets_a_key_to_the_server_and_nothing_of_the_bucket(
    bucket: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_SESSION_TOKEN", "OSS_ACCESS_KEY_SECRET", "TIDEBOOK_DATABASE_PASSWORD", "MY_API_KEY"):
        monkeypatch.setenv(name, "another-secret")
    server = started(bucket, tmp_path, "environment")
    try:
        with server.client() as http:
            answer = http.post("/api/training", json={"dataset": registered_by_hand(server), "product_ids": ["P001"]})
            assert answer.status_code == 202, answer.text
            task = answer.json()["id"]
            eventually(lambda: http.get(f"/api/training/{task}").json()["finished_at"])
        told = (server.home / "tasks" / task / "environment.json").read_text()
        environment = json.loads(told)
        assert SECRET not in told
        assert "another-secret" not in told
        assert [name for name in environment if name.startswith(("AWS_", "OSS_", "TIDEBOOK_S3"))] == []
        assert environment["TIDEBOOK_STORE"] == server.url
        key = environment["TIDEBOOK_TOKEN"]
        assert key.startswith(f"task_{task}_")
        assert key.rpartition("_")[2] not in "".join(
            path.read_text() for path in server.home.rglob("*.json") if path.name != "environment.json"
        )
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as job:
            assert job.get("/api/store/trees").status_code == 401
    finally:
        server.stop()


def registered_by_hand(server: Server) -> str:
    """A dataset that needs no worker to be registered."""
    from tests.unit.catalog.test_sync import save_dataset
    from tidebook.core.settings import Settings

    return save_dataset(Settings(home=server.home), "sales")
