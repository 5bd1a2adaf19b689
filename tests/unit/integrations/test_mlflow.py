from __future__ import annotations

import math
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.integrations.mlflow_stand_in import Store, serving
from tests.unit.integrations.reading import entries
from tidebook.core.errors import InvalidInput, NotFound, StorageFailure
from tidebook.integrations.mlflow import MLflowServer, export_run, import_runs
from tidebook.integrations.mlflow import names as names_
from tidebook.runs import TrainingManager
from tidebook.runs.record import summary
from tidebook.runs.start import start_run

PEERS = os.environ.get("TIDEBOOK_TRACKING_PEERS")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """MLflow's own server, on SQLite."""
    if PEERS is None:
        if "mlflow" in os.environ.get("TIDEBOOK_TEST_REQUIRE", ""):
            pytest.fail("MLflow is required here: TIDEBOOK_TRACKING_PEERS must name a Python that has it")
        pytest.skip("TIDEBOOK_TRACKING_PEERS names no Python that has MLflow")
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PEERS, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "kept")]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(address, process, folder / "log")
            yield address
        finally:
            os.killpg(process.pid, 15)


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/health", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-2000:])


@pytest.fixture(params=["stand-in", "real"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "real":
        yield request.getfixturevalue("real")
    else:
        with serving(Store()) as url:
            yield url


@pytest.fixture
def server(address: str) -> Iterator[MLflowServer]:
    with MLflowServer(address) as connected:
        yield connected


def made(out: Path, **more: Any) -> TrainingManager:
    """A run with something of everything."""
    arguments: dict[str, Any] = {"project": f"p{time.time_ns()}", "output_dir": out, "context": False}
    run = start_run(**{**arguments, "resources": False, **more})
    run.params(lr=0.5, name="x" * 400, optimizer={"betas": [0.9, 0.99]}, **{"odd <name>": 1})
    for step in range(3):
        run.log({"loss": 1 / (step + 1), "../x": step, "a<b": 1, "a>b": 2}, step=step)
    run.log(loss=float("nan"), step=3)
    run.log(loss=float("inf"), step=4)
    run.log(loss=0.25, step=2, phase="valid")
    run.tag(team="east", **{"odd <tag>": "1"})
    run.note("What it was for.")
    run.save_training_log("One line")
    run.log_table("rows", ["a"], [[1]])
    run.save_evaluation_results({"wape": 0.125})
    return run


def there(server: MLflowServer, run_id: str) -> dict[str, Any]:
    """The run as the server has it."""
    experiments = [experiment["experiment_id"] for experiment in server.experiments()]
    run = next(run for run in server.runs(experiments) if run["info"]["run_id"] == run_id)
    pairs = {kind: {e["key"]: e["value"] for e in run["data"].get(kind, ())} for kind in ("params", "tags", "metrics")}
    return {"info": run["info"], **pairs}


def points(server: MLflowServer, run_id: str, metric: str) -> list[tuple[int, float]]:
    return [(int(p["step"]), float(p["value"])) for p in server.history(run_id, metric)]


def test_everything_of_a_run_arrives(out: Path, server: MLflowServer) -> None:
    run = made(out)
    run.finish()
    exported = export_run(run.folder, server)
    found, item = there(server, exported.run_id), summary(run.folder)
    assert exported.new
    assert (found["info"]["status"], found["info"]["run_name"]) == ("FINISHED", run.run_name)
    assert int(found["info"]["end_time"]) >= int(found["info"]["start_time"]) > 1_600_000_000_000
    assert found["params"]["lr"] == "0.5"
    assert found["params"]["name"] == "x" * 400
    assert found["params"][names_.key("odd <name>")] == "1"
    assert found["tags"]["team"] == "east"
    assert found["tags"]["mlflow.note.content"] == "What it was for."
    assert found["tags"]["tidebook.run_id"] == item["id"]
    loss = points(server, exported.run_id, "loss")
    assert loss[:3] == [(0, 1.0), (1, 0.5), (2, pytest.approx(1 / 3))]
    assert math.isnan(loss[3][1])
    assert loss[4][1] > 1e300
    assert points(server, exported.run_id, "valid/loss") == [(2, 0.25)]
    assert points(server, exported.run_id, "wape") == [(0, 0.125)]
    odd = [names_.key(name) for name in ("a<b", "a>b", "../x")]
    assert [points(server, exported.run_id, name)[0][1] for name in odd] == [1.0, 2.0, 0.0]
    experiments = {e["experiment_id"]: e["name"] for e in server.experiments()}
    assert experiments[found["info"]["experiment_id"]] == item["project"]
    kept = set(server.artifacts(exported.run_id))
    assert {"config.json", "logs/training.log", "tables/rows.json", "results/eval_results.json"} <= kept


def test_a_second_export_sends_only_what_was_added(out: Path, server: MLflowServer) -> None:
    run = made(out)
    first = export_run(run.folder, server)
    assert there(server, first.run_id)["info"]["status"] == "RUNNING"
    run.log(loss=0.125, step=9)
    run.params(more=1)
    run.finish("failed", "no good")
    second = export_run(run.folder, server)
    assert (second.run_id, second.new, second.metrics) == (first.run_id, False, 2)
    found = there(server, first.run_id)
    assert found["info"]["status"] == "FAILED"
    assert found["tags"]["tidebook.reason"] == "no good"
    assert found["params"]["more"] == "1"
    third = export_run(run.folder, server)
    assert (third.run_id, third.new, third.metrics, third.files) == (first.run_id, False, 0, 0)
    assert [step for step, _ in points(server, first.run_id, "loss")] == [0, 1, 2, 3, 4, 9]


def test_a_param_that_changed_keeps_its_value_there_and_the_rest_arrives(out: Path, server: MLflowServer) -> None:
    run = made(out)
    first = export_run(run.folder, server)
    run.params(lr=0.75, new=1)
    run.finish()
    export_run(run.folder, server)
    found = there(server, first.run_id)
    assert (found["params"]["lr"], found["params"]["new"]) == ("0.5", "1")
    assert found["info"]["status"] == "FINISHED"


def test_many_values_params_and_tags_go_in_batches_that_the_server_takes(out: Path, server: MLflowServer) -> None:
    run = start_run(project=f"p{time.time_ns()}", output_dir=out, context=False, resources=False)
    run.params(**{f"param{i}": "v" * 500 for i in range(250)})
    run.tag(**{f"tag{i}": "v" for i in range(150)})
    long = "损" * 240
    for step in range(500):
        run.log({f"{long}{i}": float(step) for i in range(5)}, step=step)
    run.finish()
    exported = export_run(run.folder, server)
    found = there(server, exported.run_id)
    assert exported.metrics == 2500
    assert len(found["params"]) == 250
    assert found["tags"]["tag149"] == "v"
    assert len(points(server, exported.run_id, f"{long}4")) == 500


def test_runs_come_back_with_their_curves_tags_notes_and_files(out: Path, server: MLflowServer, tmp_path: Path) -> None:
    run = made(out)
    run.finish()
    open_ = made(out, project=run.labels.project)
    exported = [export_run(each.folder, server).run_id for each in (run, open_)]
    open_.close()
    project, elsewhere = run.labels.project, tmp_path / "elsewhere"
    imported = import_runs(server, elsewhere, experiments=[project])
    assert list(imported.runs) == [exported[0]]
    assert imported.unfinished == [exported[1]]
    before, after = summary(run.folder), summary(elsewhere / imported.runs[exported[0]])
    for name in ("id", "project", "status", "created_at", "finished_at", "notes"):
        assert after[name] == before[name], name
    assert after["params"]["lr"] == "0.5"
    assert after["tags"]["team"] == "east"
    assert after["metrics"]["valid/loss"] == 0.25
    logged = [entry for entry in entries(Path(after["folder"])) if "loss" in entry]
    assert [(entry["step"], entry["loss"]) for entry in logged][:3] == [(0, 1.0), (1, 0.5), (2, pytest.approx(1 / 3))]
    assert (Path(after["folder"]) / "files" / "tables" / "rows.json").is_file()
    assert after["problems"] == []
    again = import_runs(server, elsewhere, experiments=[project])
    assert (again.runs, again.present) == ({}, [exported[0]])


def test_what_mlflow_takes_and_a_run_folder_does_not_comes_under_another_name(
    server: MLflowServer, tmp_path: Path
) -> None:
    made = server.post("experiments/create", {"name": f"odd {time.time_ns()}"})["experiment_id"]
    begun = {"experiment_id": made, "run_name": "an\u200bodd name", "start_time": 1_700_000_000_000, "tags": []}
    run_id = server.post("runs/create", begun)["run"]["info"]["run_id"]
    at = {"value": 0.5, "timestamp": 1_700_000_000_000, "step": 7}
    points = [{"key": name, **at} for name in ("loss", "step", "timestamp")]
    server.post("runs/log-batch", {"run_id": run_id, "metrics": points, "params": [], "tags": []})
    for start in range(0, 600, 100):
        tags = [{"key": f"tag{i}", "value": "v"} for i in range(start, start + 100)]
        server.post("runs/log-batch", {"run_id": run_id, "metrics": [], "params": [], "tags": tags})
    server.post("runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": 1_700_000_001_000})
    imported = import_runs(server, tmp_path / "here", files=False)
    folder = tmp_path / "here" / imported.runs[run_id]
    assert folder.name == run_id
    [entry] = entries(folder)
    assert (entry["step"], entry["loss"], entry["step_"], entry["timestamp_"]) == (7, 0.5, 0.5, 0.5)
    assert len(summary(folder)["tags"]) == 500
    assert summary(folder)["problems"] == []


def test_an_unknown_experiment_is_refused(server: MLflowServer, out: Path) -> None:
    with pytest.raises(NotFound, match="The experiment must exist"):
        import_runs(server, out, experiments=["nowhere"])


def test_a_server_that_is_away_and_an_address_that_is_none_are_told() -> None:
    with MLflowServer("http://127.0.0.1:9") as away, pytest.raises(StorageFailure, match="must be reachable"):
        list(away.experiments())
    with pytest.raises(InvalidInput, match="must look like http"):
        MLflowServer("sqlite:///x.db")


def test_credentials_are_those_of_mlflows_own_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    with MLflowServer("http://127.0.0.1:9/x/") as server:
        assert server._http.headers["Authorization"] == "Bearer secret"
    with MLflowServer("http://me:word@127.0.0.1:9") as server:
        assert "word" not in server.address
        assert server._http.auth is not None


@pytest.mark.parametrize("name", ["loss", "val/loss", "a b", "lr-1.0", "损失", "a:b"])
def test_a_name_that_mlflow_takes_stays(name: str) -> None:
    assert names_.key(name) == name


@pytest.mark.parametrize("name", ["../x", "/x", "a//b", ".", "a/", "<b>", "x" * 251, "a\nb", "a/../b", "="])
def test_a_name_that_mlflow_refuses_becomes_one_of_its_own(name: str) -> None:
    key = names_.key(name)
    assert key != name
    assert len(key) <= 250
    assert names_.key(key) == key
    assert key != names_.key(name + "!")


def test_an_experiment_becomes_a_project() -> None:
    assert names_.project("Default") == "default"
    assert names_.project("demand-east") == "demand-east"
    made_ = {names_.project(name) for name in ("Demand East", "Demand/East", "/Shared/经验", "x" * 100)}
    assert len(made_) == 4
    assert all(len(name) <= 64 and name == name.lower() for name in made_)
