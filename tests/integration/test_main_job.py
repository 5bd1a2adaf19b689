"""The main job over HTTP with the real workers and trainings: data, training, version, forecast."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from tests.integration.conftest import Server, eventually
from tests.integration.test_restart import follow, live, subscribe
from tidebook.server.schemas import dataset as datasets
from tidebook.server.schemas import model as models
from tidebook.server.schemas import prediction as predictions
from tidebook.server.schemas import task as tasks
from tidebook.server.schemas.session import Session

DAYS = 160
HYPERPARAMETERS = {"epochs": 2, "hidden_size": 8, "num_layers": 1, "seq_length": 28, "output_length": 7}


def table() -> str:
    """Two products in two stores, with a promotion every Friday."""
    lines = ["date,store_id,product_id,sales,promo"]
    for day in range(DAYS):
        moment = date(2025, 1, 1) + timedelta(days=day)
        promo = int(moment.weekday() == 4)
        for store in ("S001", "S002"):
            lines += [f"{moment},{store},{product},{10 + day % 7 + 5 * promo},{promo}" for product in ("P001", "P002")]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with real jobs, and a table in its data root."""
    folder = tmp_path_factory.mktemp("real")
    (folder / "data").mkdir()
    (folder / "data" / "sales.csv").write_text(table())
    (folder / "secret.csv").write_text(table())
    (folder / "data" / "link.csv").symlink_to(folder / "secret.csv")
    env = {"TIDEBOOK_DATA_ROOTS": str(folder / "data"), "TIDEBOOK_MAX_UPLOAD_BYTES": "100000"}
    started = Server(folder / "home", "real", env).start()
    yield started
    started.stop()


@pytest.fixture
def http(real: Server) -> Iterator[httpx.Client]:
    """A client of the real server."""
    with real.client() as made:
        yield made


@pytest.fixture(scope="module")
def dataset(real: Server) -> str:
    """The id of the registered table."""
    with real.client() as http:
        path = real.home.parent / "data" / "sales.csv"
        answer = http.post("/api/datasets", json={"path": str(path), "mapping": {"known_future": ["promo"]}})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture(scope="module")
def trained(real: Server, dataset: str) -> dict[str, Any]:
    """A finished training of product P001."""
    with real.client() as http:
        answer = http.post("/api/training", json=request(dataset))
        assert answer.status_code == 202, answer.text
        task = answer.json()
        eventually(lambda: http.get(f"/api/training/{task['id']}").json()["finished_at"], 120)
        done: dict[str, Any] = http.get(f"/api/training/{task['id']}").json()
    assert done["state"] == "SUCCESS", done["error"]
    return done


def request(dataset: str, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A small training of product P001."""
    return {"dataset": dataset, "product_ids": ["P001"], "hyperparameters": HYPERPARAMETERS} | dict(changes or {})


def fits(model: type[BaseModel], answer: httpx.Response) -> Any:
    """The answer as JSON, held against what the OpenAPI document promises: every field is there and none beside."""
    value = answer.json()
    shown = model.model_validate(value)
    assert value.keys() - {"format_version", "owner", "attempt"} <= set(shown.model_dump(by_alias=True)) | _extras(
        model
    )
    return value


def _extras(model: type[BaseModel]) -> set[str]:
    """Versions pass on whatever else their metadata say."""
    if not issubclass(model, models.ModelVersion):
        return set()
    names = {"product_ids", "store_ids", "task_id", "known_future", "hyperparameters", "seed", "publish_id"}
    return names | {"format_version"}


def test_a_registered_table_is_listed_shown_and_read(http: httpx.Client, dataset: str) -> None:
    record = fits(datasets.Dataset, http.get(f"/api/datasets/{dataset}"))
    assert (record["rows"], record["series"], record["products"], record["stores"]) == (4 * DAYS, 4, 2, 2)
    assert record["mapping"]["known_future"] == ["promo"]
    page = fits(datasets.DatasetPage, http.get("/api/datasets", params={"limit": 1}))
    assert page["items"][0]["id"] == dataset
    preview = fits(datasets.Preview, http.get(f"/api/datasets/{dataset}/preview", params={"limit": 3}))
    assert len(preview["rows"]) == 3
    ids = http.get(f"/api/datasets/{dataset}/ids", params={"kind": "product", "search": "2"}).json()
    assert ids == {"items": ["P002"], "total": 1}
    values = fits(
        datasets.SeriesValues,
        http.get(f"/api/datasets/{dataset}/values", params={"product_id": "P001", "store_id": "S001"}),
    )
    assert len(values["dates"]) == DAYS
    assert values["values"][0] == 10
    unknown = http.get(f"/api/datasets/{dataset}/values", params={"product_id": "P0O1"})
    assert (unknown.status_code, unknown.json()["fix"]) == (404, "Did you mean P001 or P002?")


def test_another_mapping_is_audited_anew_and_a_wrong_one_changes_nothing(http: httpx.Client, dataset: str) -> None:
    before = http.get(f"/api/datasets/{dataset}").json()
    wrong = http.put(f"/api/datasets/{dataset}/mapping", json={**before["mapping"], "target": "sale"})
    assert wrong.status_code in {404, 422}
    assert "sales" in wrong.json()["fix"]
    assert http.get(f"/api/datasets/{dataset}").json() == before
    right = http.put(f"/api/datasets/{dataset}/mapping", json={**before["mapping"], "country": "CN"})
    assert right.status_code == 200, right.text
    assert right.json()["id"] == dataset
    assert http.get(f"/api/datasets/{dataset}").json()["mapping"]["country"] == "CN"
    assert http.get("/api/datasets").json()["items"][0]["mapping"]["country"] == "CN"


@pytest.mark.parametrize("name", ["../secret.csv", "link.csv", "/etc/passwd", "/etc/nothing", "/"])
def test_a_path_outside_the_roots_is_refused_whether_it_exists_or_not(
    http: httpx.Client, real: Server, name: str
) -> None:
    path = name if name.startswith("/") else str(real.home.parent / "data" / name)
    answer = http.post("/api/datasets", json={"path": path})
    assert answer.status_code == 403, answer.text
    assert answer.json()["rule"] == "A dataset's path must lie inside a folder that the server may read"


@pytest.mark.parametrize(("path", "status"), [("nothing.csv", 404), ("s3://bucket/x", 422), ("a\0b", 422), ("", 422)])
def test_a_path_that_is_none_is_told_so(http: httpx.Client, path: str, status: int) -> None:
    answer = http.post("/api/datasets", json={"path": path})
    assert answer.status_code == status, answer.text
    assert answer.json()["fix"]


def test_an_uploaded_file_becomes_a_dataset_and_goes_with_it(http: httpx.Client, real: Server) -> None:
    form = {"name": "Ümläut", "mapping": json.dumps({"known_future": ["promo"]})}
    answer = http.post("/api/datasets/upload", files={"file": ("../../../evil\x01.csv", table())}, data=form)
    assert answer.status_code == 201, answer.text
    record = fits(datasets.Dataset, answer)
    assert (record["name"], record["uploaded"], record["rows"]) == ("Ümläut", True, 4 * DAYS)
    assert Path(record["path"]).is_relative_to(real.home / "datasets")
    assert not list((real.home / "cache" / "uploads").iterdir())
    assert http.delete(f"/api/datasets/{record['id']}").status_code == 204
    assert http.get(f"/api/datasets/{record['id']}").status_code == 404
    assert not Path(record["path"]).exists()


@pytest.mark.parametrize(
    ("filename", "content", "status", "words"),
    [
        ("x.csv", b"a,b\n" + b"1,2\n" * 50_000, 413, "at most 100,000 bytes"),
        ("x.exe", b"MZ", 422, "must end in .parquet or .csv"),
        ("x.parquet", b"this is not Parquet", 422, ""),
        ("x.csv", b"", 422, ""),
    ],
)
def test_an_upload_that_cannot_be_used_is_not_kept(
    http: httpx.Client, real: Server, filename: str, content: bytes, status: int, words: str
) -> None:
    folders = set((real.home / "datasets").iterdir()) if (real.home / "datasets").exists() else set()
    answer = http.post("/api/datasets/upload", files={"file": (filename, content)})
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]
    assert not list((real.home / "cache" / "uploads").glob("*"))
    assert (set((real.home / "datasets").iterdir()) if (real.home / "datasets").exists() else set()) == folders


def test_a_check_tells_what_a_training_would_do(http: httpx.Client, dataset: str) -> None:
    answer = http.post("/api/training/check", json=request(dataset))
    assert answer.status_code == 200, answer.text
    found = fits(tasks.TrainingCheck, answer)
    assert (found["series"], found["days"]) == (2, DAYS)
    folds = {"folds": 2, "test_days": 14, "refit": True}
    found = fits(tasks.TrainingCheck, http.post("/api/training/check", json=request(dataset, folds)))
    assert ([fold["days"] for fold in found["folds"]], found["fits"]) == ([14, 14], 2)
    refused = http.post("/api/training/check", json=request(dataset, {"folds": 100}))
    assert refused.status_code == 422
    assert "earlier folds 99 × 28" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"dataset": "DSET" + "0" * 28}, 404, "A dataset must be registered"),
        ({"product_ids": ["P01"]}, 404, "Did you mean P001"),
        ({"store_ids": ["S01"]}, 404, "Did you mean S001"),
        ({"model_type": "lstmm"}, 404, "Did you mean lstm"),
        ({"hyperparameters": {"hiden_size": 3}}, 422, "hidden_size"),
        ({"hyperparameters": {"epochs": -1}}, 422, "epochs"),
        ({"intervals": [100]}, 422, "each interval holds 1 to 99.9 percent"),
        ({"known_future": ["promos"]}, 404, "Did you mean promo"),
        ({"train_start_date": "2025-02-01", "train_end_date": "2025-01-01"}, 422, "must not be after"),
        ({"mapping": {"target": "sales"}}, 422, "has its own mapping"),
    ],
)
def test_a_training_that_cannot_begin_is_refused_at_once(
    http: httpx.Client, dataset: str, changes: dict[str, Any], status: int, words: str
) -> None:
    before = len(http.get("/api/training").json()["items"])
    answer = http.post("/api/training", json=request(dataset, changes))
    assert answer.status_code == status, answer.text
    assert words in answer.json()["detail"]
    assert len(http.get("/api/training").json()["items"]) == before


def test_a_training_ends_in_a_version_with_its_metrics(http: httpx.Client, trained: dict[str, Any]) -> None:
    task = fits(tasks.Task, http.get(f"/api/training/{trained['id']}"))
    assert task["version"] == "product/P001_all/lstm/v1"
    assert task["metrics"]["wape"] > 0
    assert "seasonal_naive_7" in task["baseline"]
    page = fits(tasks.TaskPage, http.get("/api/training", params={"state": "SUCCESS"}))
    assert task["id"] in {item["id"] for item in page["items"]}
    metrics = fits(tasks.MetricsEntries, http.get(f"/api/training/{task['id']}/metrics"))
    assert [entry["epoch"] for entry in metrics["items"]] == [1, 2]
    logs = fits(tasks.LogLines, http.get(f"/api/training/{task['id']}/logs"))
    assert logs["complete"]
    assert any("Epoch 2" in line for line in logs["lines"])


def test_live_topics_have_the_cursors_of_http(real: Server, http: httpx.Client, trained: dict[str, Any]) -> None:
    path = f"training/{trained['id']}/metrics"
    entries = http.get(f"/api/{path}").json()
    with live(real) as socket:
        subscribe(socket, path)
        items, cursor = follow(socket, path, lambda items: len(items) == 2)
    assert (items, cursor) == (entries["items"], entries["cursor"])


def test_the_version_is_listed_shown_and_its_files_are_served(http: httpx.Client, trained: dict[str, Any]) -> None:
    address = trained["version"]
    found = fits(models.ModelPage, http.get("/api/models", params={"search": "p001", "mode": "product"}))
    assert [(item["address"], item["is_best"]) for item in found["models"]] == [(address, True)]
    detail = fits(models.ModelDetail, http.get(f"/api/models/{address}"))
    assert detail["is_best"]
    assert [entry["epoch"] for entry in detail["history"]] == [1, 2]
    assert detail["backtest"]["by_step"][0]["coverage"].keys() == {"80", "95"}
    assert detail["skill"] == detail["backtest"]["skill"]
    figure = http.get(f"/api/models/{address}/files/backtest.png")
    assert (figure.headers["content-type"], figure.content[:4]) == ("image/png", b"\x89PNG")
    curve = http.get(f"/api/models/{address}/files/loss_curve.png")
    assert (curve.headers["content-type"], curve.content[:4]) == ("image/png", b"\x89PNG")
    weights = http.get(f"/api/models/{address}/files/model.pth")
    assert "attachment" in weights.headers["content-disposition"]
    for name in ("nothing", "../v1/model.pth", "..%2F..%2F..%2Fversions.json", ".claim"):
        assert http.get(f"/api/models/{address}/files/{name}").status_code in {404, 422}, name
    assert http.get("/api/models/product/P001_all/lstm/v9").status_code == 404
    assert http.get("/api/models/product/P001_all/lstm").status_code == 422


def test_a_forecast_is_answered_saved_listed_drawn_and_deleted(http: httpx.Client, trained: dict[str, Any]) -> None:
    refused = http.post("/api/prediction", json={"model": "product/P001_all/lstm", "horizon": 14})
    assert refused.status_code == 422
    assert "promo" in refused.json()["detail"]
    first = date(2025, 1, 1) + timedelta(days=DAYS)
    future = [{"date": str(first + timedelta(days=day)), "promo": 0} for day in range(14)]
    body = {"mode": "product", "product_id": "P001", "model_type": "lstm", "horizon": 14, "future": future}
    answer = http.post("/api/prediction", json=body)
    assert answer.status_code == 201, answer.text
    result = fits(predictions.Prediction, answer)
    assert result["origin"] == str(first)
    assert [len(series["prediction"]["values"]) for series in result["series"]] == [14, 14]
    for entry in (*result["series"], result["total"]):
        assert [(interval["level"], len(interval["upper"])) for interval in entry["intervals"]] == [(80, 14), (95, 14)]
    again = http.get(f"/api/prediction/{result['id']}").json()
    assert again["series"] == result["series"]
    history = fits(predictions.PredictionPage, http.get("/api/prediction", params={"limit": 1}))
    assert (history["items"][0]["id"], history["items"][0]["series"]) == (result["id"], 2)
    sheet = http.get(f"/api/prediction/{result['id']}/table.csv")
    assert sheet.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(sheet.content.decode("utf-8-sig"))))
    assert {row["store_id"] for row in rows} == {"S001", "S002"}
    assert sum(row["kind"] == "prediction" for row in rows) == 28
    chart = http.get(f"/api/prediction/{result['id']}/chart.png")
    assert (chart.headers["content-type"], chart.content[:4]) == ("image/png", b"\x89PNG")
    assert http.delete(f"/api/prediction/{result['id']}").status_code == 204
    assert http.get(f"/api/prediction/{result['id']}").status_code == 404
    assert result["id"] not in {item["id"] for item in http.get("/api/prediction").json()["items"]}


def test_an_unknown_model_is_told_with_the_nearest(http: httpx.Client, trained: dict[str, Any]) -> None:
    answer = http.post("/api/prediction", json={"model": "product/P01_all/lstm", "horizon": 7})
    assert answer.status_code == 404
    assert "product/P001_all/lstm" in answer.json()["fix"]


def test_a_version_that_others_publish_or_delete_appears_and_vanishes(
    real: Server, http: httpx.Client, trained: dict[str, Any]
) -> None:
    from tidebook.core.settings import Settings
    from tidebook.registry import ModelManager

    manager = ModelManager(Settings(home=real.home))
    run = real.home / "out" / trained["run_name"]
    metadata = manager.get(trained["version"])["metadata"]
    address = str(manager.publish(run, "product/P001_all/lstm", metadata, {}, publish_id="another"))

    def listed() -> set[str]:
        return {item["address"] for item in http.get("/api/models").json()["models"]}

    eventually(lambda: address in listed(), 4)
    manager.delete(address, "a test", force=True)
    eventually(lambda: address not in listed(), 4)
    again = str(manager.publish(run, "product/P001_all/lstm", metadata, {}, publish_id="third"))
    eventually(lambda: again in listed(), 4)
    assert http.delete(f"/api/models/{again}", params={"force": True, "reason": "a test"}).status_code == 204
    assert again not in listed()
    assert http.delete(f"/api/models/{again}", params={"force": True, "reason": "a test"}).status_code == 404


def test_the_session_tells_the_limits(real: Server, http: httpx.Client) -> None:
    session = fits(Session, http.get("/api/session"))
    assert session["data_roots"] == [str(real.home.parent / "data")]
    assert session["max_upload_bytes"] == 100_000


def test_the_algorithms_are_told_with_their_forms(http: httpx.Client) -> None:
    found = fits(models.ModelTypes, http.get("/api/model_types"))
    lstm = next(item for item in found["items"] if item["name"] == "lstm")
    assert lstm["schema"]["properties"]["hidden_size"]["default"] == 128


def test_a_real_training_is_stopped_and_leaves_a_true_record(real: Server, http: httpx.Client, dataset: str) -> None:
    long = {**HYPERPARAMETERS, "epochs": 10_000, "patience": 10_000}
    task = http.post("/api/training", json=request(dataset, {"hyperparameters": long})).json()
    path = f"/api/training/{task['id']}"
    eventually(lambda: (http.get(path).json()["progress"] or {}).get("epoch", 0) >= 2, 60)
    assert http.post(f"{path}/stop").status_code == 200
    done = eventually(lambda: (now := http.get(path).json())["finished_at"] and now, 30)
    assert (done["state"], done["version"], done["error"]) == ("ABORT", None, None)
    metadata = json.loads((real.home / "out" / done["run_name"] / "metadata.json").read_text())
    assert (metadata["status"], metadata["reason"]) == ("failed", "cancelled")
