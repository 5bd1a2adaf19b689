"""Real, messy data through the command line and HTTP."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.acceptance.conftest import Command, Server

FAST = {"epochs": 4, "hidden_size": 32, "num_layers": 1, "seq_length": 56, "batch_size": 64}
FLAGS = [part for name, value in FAST.items() for part in (f"--{name.replace('_', '-')}", str(value))]
KNOWN = ("open", "promo")


def _plan(last: date, days: int = 28) -> list[dict[str, Any]]:
    """Closed on Sundays, promotion in the first and third week."""
    rows = []
    for i in range(1, days + 1):
        day = last + timedelta(days=i)
        rows.append(
            {
                "date": str(day),
                "open": int(day.weekday() != 6),
                "promo": int((i - 1) // 7 % 2 == 0 and day.weekday() < 5),
            }
        )
    return rows


@pytest.fixture
def rossmann(shared_data: Path) -> Path:
    """100 drug stores, no product column."""
    return shared_data / "rossmann_daily.parquet"


@pytest.fixture
def pharma(shared_data: Path) -> Path:
    """8 drug groups in one pharmacy, no store column."""
    return shared_data / "pharma_atc_daily.parquet"


def test_the_audit_finds_the_faults_that_rossmann_has(tidebook: Command, rossmann: Path) -> None:
    ended = tidebook("data", "audit", rossmann)
    assert ended.code == 0, ended.err
    text = " ".join(ended.out.split())
    assert "6 " in text
    assert "2024-02-29" in text or "29 February 2024" in text
    assert "16 " in text
    assert "2022" in text


def test_one_store_is_trained_and_forecast_with_known_promotions(
    tidebook: Command, rossmann: Path, tmp_path: Path
) -> None:
    store = str(pl.read_parquet(rossmann, columns=["store_id"])["store_id"].cast(pl.String)[0])
    known = [part for name in KNOWN for part in ("--known-future", name)]
    trained = tidebook("train", rossmann, "--mode", "store", "--store", store, *known, *FLAGS, "--json")
    assert trained.code == 0, trained.err
    assert trained.json["version"] == f"store/{store}_all/lstm/v1"
    plan = tmp_path / "plan.csv"
    pl.DataFrame(_plan(date(2024, 7, 31))).write_csv(plan)
    forecast = tidebook("forecast", f"store/{store}_all/lstm", "--future", plan, "--json")
    assert forecast.code == 0, forecast.err
    (series,) = forecast.json["series"]
    sunday = [i for i, day in enumerate(series["prediction"]["dates"]) if date.fromisoformat(day).weekday() == 6]
    assert [series["prediction"]["values"][i] for i in sunday] == [0.0] * len(sunday)


def test_one_model_on_all_stores_beats_the_naive_forecast(tidebook: Command, rossmann: Path) -> None:
    known = [part for name in (*KNOWN, "school_holiday") for part in ("--known-future", name)]
    ended = tidebook("train", rossmann, "--mode", "global", "--aggregation", "none", *known, *FLAGS)
    assert ended.code == 0, ended.err
    assert "naive, 14 days before" in ended.out
    run = tidebook("runs", "list", "--json").json["runs"][0]
    naive = json.loads(
        (Path(tidebook("models", "list", "--json").json["models"][0]["model_path"]) / "metadata.json").read_text()
    )["baseline"]["seasonal_naive_14"]["wape"]
    assert run["metrics"]["wape"] < naive
    assert naive == pytest.approx(0.1334, abs=0.002)


def test_the_sum_of_all_stores_works_over_http(server: Server, rossmann: Path) -> None:
    client = server.client
    dataset = client.post("/api/datasets", json={"path": str(rossmann), "name": "Rossmann"}).raise_for_status().json()
    assert dataset["series"] == 100
    sentences = " ".join(finding["sentence"]["en"] for finding in dataset["audit"]["findings"])
    assert "16 stores have no rows" in sentences
    body = {
        "dataset": dataset["id"],
        "training_mode": "global",
        "aggregation_method": "sum",
        "model_type": "lstm",
        "known_future": list(KNOWN),
        "hyperparameters": FAST,
    }
    task = client.post("/api/training", json=body).raise_for_status().json()
    ended = server.wait_for(task["id"])
    assert ended["state"] == "SUCCESS", ended
    assert ended["version"] == "global/all/sum/lstm/v1"
    assert set(ended["baseline"]) == {"seasonal_naive_7", "seasonal_naive_14"}
    request = {"mode": "global", "aggregation_method": "sum", "horizon": 28, "future": _plan(date(2024, 7, 31))}
    made = client.post("/api/prediction", json=request)
    assert made.status_code == 201, made.text
    result = made.json()
    assert len(result["series"][0]["prediction"]["values"]) == 28
    assert client.get(f"/api/prediction/{result['id']}").json() == result
    assert client.get(f"/api/prediction/{result['id']}/chart.png").content.startswith(b"\x89PNG")
    refused = client.post("/api/prediction", json={**request, "future": []})
    assert refused.status_code == 422
    assert "open" in refused.json()["detail"]


def test_a_pharmacy_without_stores_is_trained_by_product(tidebook: Command, server: Server, pharma: Path) -> None:
    product = str(pl.read_parquet(pharma, columns=["product_id"])["product_id"][0])
    trained = tidebook("train", pharma, "--product", product, *FLAGS, "--json")
    assert trained.code == 0, trained.err
    assert trained.json["version"] == f"product/{product}_all/lstm/v1"
    forecast = tidebook("forecast", f"product/{product}_all/lstm", "--horizon", "28", "--json")
    assert forecast.code == 0, forecast.err
    dataset = server.client.post("/api/datasets", json={"path": str(pharma)}).raise_for_status().json()
    body = {"dataset": dataset["id"], "product_ids": [product], "model_type": "seasonal_naive"}
    task = server.client.post("/api/training", json=body).raise_for_status().json()
    assert server.wait_for(task["id"])["state"] == "SUCCESS"
    made = server.client.post(
        "/api/prediction", json={"mode": "product", "product_id": product, "model_type": "seasonal_naive"}
    )
    assert made.status_code == 201, made.text
