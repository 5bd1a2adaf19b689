"""The registry and the files of models over an object store, as people use them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from tests.integration.conftest import Server, eventually
from tests.meddling import MeddlingProxy
from tests.s3_servers import S3Server, moto, rclone
from tests.unit.registry.published import LINE, metadata
from tidebook import APILocal, ModelFile, checkpoint, list_profiles
from tidebook.core.errors import Conflict, NotFound
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager
from tidebook.runs import TrainingManager
from tidebook.store import verify
from tidebook.store.http_store import HttpStore
from tidebook.store.objects import ObjectStore


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with moto() as server:
        yield server


@pytest.fixture
def url(server: S3Server, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    server.use(monkeypatch)
    url = f"s3://{server.new_bucket()}/models"
    monkeypatch.setenv("TIDEBOOK_STORE", url)
    return url


@pytest.fixture
def models(url: str) -> ModelManager:
    return ModelManager(Settings())


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a completed run with a small model."""
    manager = TrainingManager(model_type="lstm", output_dir=tmp_path / "out", scope="P001_all", run_name="run_1")
    manager.save_config({"epochs": 3, "hidden_size": 8})
    weights = {"layer.weight": torch.arange(6.0).reshape(2, 3)}
    manager.save_model(weights, {"model_type": "lstm", "input_size": 3}, {"epochs": 3})
    manager.save_evaluation_results({"mae": 1.5, "wape": 0.25})
    manager.update_status("completed")
    return manager.folder


def test_a_version_is_published_found_named_opened_and_deleted(
    models: ModelManager, run: Path, url: str, settings: Settings
) -> None:
    assert isinstance(models.store, ObjectStore)
    first = models.publish(run, LINE, metadata(0.2), publish_id="a")
    assert models.publish(run, LINE, metadata(0.2), publish_id="a") == first
    second = models.publish(run, LINE, metadata(0.1), publish_id="b")
    assert [str(first), str(second)] == [f"{LINE}/v1", f"{LINE}/v2"]
    again = ModelManager(Settings())
    listed = again.list_models()
    assert listed["pagination"]["total"] == 2
    assert [item["version"] for item in listed["models"]] == ["v2", "v1"]
    model_type, state = checkpoint.load_state(again.path(second) / "model.pth")
    assert model_type == "lstm"
    assert torch.equal(state.weights["layer.weight"], torch.arange(6.0).reshape(2, 3))
    assert verify(again.store, str(first)) == []
    assert again.get_next_version_number("product_P001_all_lstm") == 3
    models.set_alias(first, "production", by="lin", reason="it sells")
    assert str(again.resolve(f"{LINE}@production")) == str(first)
    with pytest.raises(Conflict):
        again.delete(first, "too old")
    models.remove_alias(LINE, "production", by="lin")
    again.delete(first, "too old", force=True)
    with pytest.raises(NotFound, match="which was deleted at"):
        models.path(first)
    assert list(again.store.trees()) == [str(second)]
    assert str(models.publish(run, LINE, metadata(), publish_id="c")) == f"{LINE}/v3"


def test_no_name_is_given_to_a_version_at_the_moment_of_its_deletion(
    models: ModelManager, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = models.publish(run, LINE, metadata(0.2), publish_id="a")
    models.publish(run, LINE, metadata(0.1), publish_id="b")
    refused, delete = [], models.store.delete

    def meanwhile(prefix: str, reason: str) -> None:
        with pytest.raises(Conflict, match="A version that is being deleted cannot be given an alias") as caught:
            ModelManager(Settings()).set_alias(first, "production", by="lin")
        refused.append(caught)
        delete(prefix, reason)

    monkeypatch.setattr(models.store, "delete", meanwhile)
    models.delete(first, "too old")
    assert refused
    assert models.aliases(LINE) == {"aliases": {}, "history": []}
    models.set_alias(f"{LINE}/v2", "production", by="lin")


@pytest.mark.parametrize("where", ["the settings", "the path of the centre"])
def test_the_tutorial_of_model_files_runs_on_s3(
    url: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    (work / "local_model_workspace" / "layers").mkdir(parents=True)
    (work / "model.db").write_bytes(os.urandom(300_000))
    (work / "local_model_workspace" / "setup.py").write_text("print('hello')\n")
    (work / "local_model_workspace" / "layers" / "first.bin").write_bytes(os.urandom(3000))
    monkeypatch.chdir(work)
    if where == "the path of the centre":
        monkeypatch.delenv("TIDEBOOK_STORE")

    test = ModelFile(
        model_name="model_name", version="model_version", center_path=None if where == "the settings" else url
    )
    pipe = test.filepipe()
    pipe.import_file("model.db", subdir=None, move=False)
    pipe.import_dir("local_model_workspace", subdir=None, move=False)
    attributes, names = pipe.scan_local(include="*.py", sortby="mod", attributes=True)
    assert names == ["setup.py"]
    assert isinstance(attributes[0], dict)
    assert attributes[0]["size"] == (work / "local_model_workspace" / "setup.py").stat().st_size
    assert pipe.dir == f"{url}/files/model_name/model_version"
    assert pipe.filerepo == f"{url}/files/model_name"
    pipe.pull_file("model.db", "model_workspace_path")
    pipe.pull_dir("model_workspace_path")
    pulled = work / "model_workspace_path"
    assert (pulled / "model.db").read_bytes() == (work / "model.db").read_bytes()
    assert (pulled / "layers" / "first.bin").stat().st_mtime_ns // 1000 == (
        work / "local_model_workspace" / "layers" / "first.bin"
    ).stat().st_mtime_ns // 1000
    pipe.delete_files_local(files=["model.db"], confirm=False, delete_all=None, ignore_errors=False)
    assert pipe.scan_local() == ["layers/first.bin", "setup.py"]
    assert pipe.config["filereporoot"] == url
    cfg = tmp_path / "cfg.json"
    cfg.write_text(json.dumps({"filereporoot": url}))
    assert APILocal(profile="model_name", filecfg=str(cfg)).list_local_pipes() == ["model_version"]
    assert list(list_profiles(center_path=url)) == ["model_name"]


def test_the_same_content_in_another_version_is_not_sent_again(url: str, tmp_path: Path) -> None:
    for name, size in (("large.bin", 20_000_000), ("small.bin", 1000)):
        (tmp_path / name).write_bytes(os.urandom(size))
        sent = ModelFile("demo", "v1", url).filepipe().import_file(tmp_path / name)
        again = ModelFile("demo", "v2", url).filepipe().import_file(tmp_path / name)
        assert [[entry.path for entry in result.moved] for result in (sent, again)] == [[name], []]
        assert [entry.path for entry in again.shared] == [name]
    assert ModelFile("demo", "v2", url).filepipe().verify() == []


def test_a_store_that_ignores_conditions_is_published_to_by_many_through_a_server(tmp_path: Path) -> None:
    with rclone(made(tmp_path / "served")) as careless:
        env = {"TIDEBOOK_STORE": f"s3://{careless.new_bucket()}/models", **careless.environment()}
        server = Server(tmp_path / "home", "train:3:0.05", env).start()
        try:
            (tmp_path / "metadata.json").write_text('{"format_version": 1}')

            def publish(owner: int) -> str:
                store = HttpStore(server.url, server.token, cache=tmp_path / f"cache-{owner}", patience=20)
                prefix = f"{LINE}/v{store.claim(LINE, f'run-{owner}')}"
                store.commit(prefix, store.fill(prefix, {"metadata.json": tmp_path / "metadata.json"}))
                return prefix

            with ThreadPoolExecutor(6) as pool:
                published = list(pool.map(publish, range(12)))
            store = HttpStore(server.url, server.token, cache=tmp_path / "cache", patience=20)
            assert sorted(published) == sorted(store.trees()) == sorted(f"{LINE}/v{n}" for n in range(1, 13))
        finally:
            server.stop()


def test_a_server_whose_store_is_away_starts_says_so_and_goes_on_when_it_is_back(
    server: S3Server, url: str, run: Path, models: ModelManager, tmp_path: Path
) -> None:
    models.publish(run, LINE, metadata())
    with MeddlingProxy(int(server.endpoint.rpartition(":")[2])) as proxy:
        proxy.cut_up = 0
        env = {"TIDEBOOK_STORE": url, **server.environment(), "TIDEBOOK_S3_ENDPOINT": proxy.url}
        serving = Server(tmp_path / "serving", "train:3:0.05", env).start()
        try:
            with serving.client() as http:
                assert http.get("/api/runs").status_code == 200
                listed = http.get("/api/models")
                assert (listed.status_code, listed.json()["pagination"]["total"]) == (200, 0)
                away = http.get(f"/api/models/{LINE}/v1")
                assert away.status_code == 507
                assert "must answer, but got no answer" in away.json()["detail"]
                assert server.secret not in away.text + "".join(serving.output)
                assert any("versions are not looked at for" in line for line in serving.output)
                proxy.cut_up = None
                eventually(lambda: http.get("/api/models").json()["pagination"]["total"] == 1, 60)
        finally:
            serving.stop()
