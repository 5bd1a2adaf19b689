"""A server with several users, and something of every kind in a private project of one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.integration.conftest import Server, eventually, publish
from tests.unit.catalog.test_sync import save_dataset
from tidebook.core.files import read_json, write_json
from tidebook.core.settings import Settings

PRIVATE = "product/P007_all/lstm"  #: a line of which all versions are Anna's
SHARED = "product/P001_all/lstm"  #: a line with a version for everybody, and a better one of Anna's
FILES = "secret-model"  #: a model of Anna's of which there are only files
GIVEN = "product/P002_all/lstm"  #: a version for everybody that was trained on a dataset of Anna's
RUN = "lstm_20260101_000000"


@dataclass
class People:
    """A server with an administrator, Anna who has a private project, and Bo who has nothing to do with it."""

    server: Server
    tokens: dict[str, str]
    dataset: str  #: Anna's
    common: str  #: a dataset for everybody
    task: str
    forecast: str
    token_id: str
    view: str

    @contextmanager
    def client(self, user: str) -> Iterator[httpx.Client]:
        """A client with the user's token."""
        headers = {"Authorization": f"Bearer {self.tokens[user]}"}
        with httpx.Client(base_url=self.server.url, headers=headers, timeout=60, trust_env=False) as made:
            yield made

    def live(self, user: str) -> ClientConnection:
        """A WebSocket with the user's token."""
        headers = {"Authorization": f"Bearer {self.tokens[user]}"}
        return connect(f"ws{self.server.url[4:]}/api/live", additional_headers=headers, proxy=None)

    @property
    def secrets(self) -> list[str]:
        """What Bo must never read."""
        private = [self.task, self.forecast, self.token_id, self.view, "secret sales", "north"]
        return [*private, "P007", f"{SHARED}/v2", RUN, FILES]


def added(admin: httpx.Client, user_id: str, name: str) -> tuple[str, str]:
    """A new user's token and its id, made in a browser that the login link has opened."""
    answer = admin.post("/api/users", json={"id": user_id, "name": name})
    assert answer.status_code == 201, answer.text
    with httpx.Client(base_url=admin.base_url, trust_env=False) as browser:
        assert browser.get(answer.json()["login_url"]).status_code == 303
        assert browser.get("/api/session").json()["user"] == {"id": user_id, "name": name, "role": "member"}
        made = browser.post("/api/tokens", json={"name": "tests"}).json()
    return made["token"], made["id"]


@contextmanager
def gathered(folder: Path) -> Iterator[People]:
    """The server, with something of every kind in Anna's private project `north`."""
    (folder / "data").mkdir()
    home = folder / "home"
    publish(home, SHARED, validation={"wape": 0.3, "end": "2026-01-01"})
    whose = {"project": "north", "owner": "anna"}
    publish(home, SHARED, validation={"wape": 0.1, "end": "2026-01-01"}, **whose)
    publish(home, PRIVATE, **whose)
    model = home / "saved_models" / "files" / FILES
    write_json(model / "v1" / "weights.json", {"x": 1})
    write_json(model / "labels.json", {"format_version": 1, **whose})
    dataset = save_dataset(Settings(home=home), "secret sales")
    publish(home, GIVEN, dataset={"id": dataset})
    common = save_dataset(Settings(home=home), "everybody's")
    file = home / "datasets" / dataset / "dataset.json"
    write_json(file, {**read_json(file), **whose})
    run = home / "out" / RUN
    head = {"format_version": 1, "run_name": RUN, "id": "0" * 32, "created_at": "2026-01-01T00:00:00+00:00"}
    write_json(run / "metadata.json", {**head, "model_type": "lstm", "status": "completed"})
    write_json(run / "labels.json", {"format_version": 1, **whose, "tags": {"north_team": "x"}})
    write_json(run / "config.json", {"format_version": 1, "params": {"north_rate": 1}})
    (run / "logs").mkdir()
    entry = {"epoch": 1, "phase": "train", "timestamp": "2026-01-01T00:00:00+00:00", "loss": 0.5, "north_loss": 0.5}
    (run / "logs" / "metrics.json").write_text(f"[\n{json.dumps(entry)}\n]")
    (run / "logs" / "training.log").write_text("from the north\n")
    server = Server(home, "train:3:0.05", {"TIDEBOOK_DATA_ROOTS": str(folder / "data")}).start()
    with server.client() as admin:
        anna, token_id = added(admin, "anna", "Anna K.")
        bo, _ = added(admin, "bo", "博 Bo")
    made = People(server, {"admin": server.token, "anna": anna, "bo": bo}, dataset, common, "", "", token_id, "")
    with made.client("anna") as client:
        assert client.post("/api/projects", json={"name": "north"}).status_code == 201
        public = {"name": "open", "title": "For all", "visibility": "public"}
        assert client.post("/api/projects", json=public).status_code == 201
        training = {"dataset": dataset, "product_ids": ["P001"], "project": "north"}
        answer = client.post("/api/training", json=training)
        assert answer.status_code == 202, answer.text
        made.task = answer.json()["id"]
        answer = client.post("/api/prediction", json={"model": PRIVATE, "horizon": 3})
        assert answer.status_code == 201, answer.text
        assert (answer.json()["project"], answer.json()["owner"]) == ("north", "anna")
        made.forecast = answer.json()["id"]
        view = {"name": "the north", "page": "runs", "query": "where=project+%3D+north"}
        made.view = client.post("/api/views", json=view).json()["id"]
        eventually(lambda: client.get(f"/api/runs/{RUN}").status_code == 200)
        eventually(lambda: client.get(f"/api/training/{made.task}").json()["state"] == "SUCCESS")
    yield made
    server.stop()
