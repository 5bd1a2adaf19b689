"""The main job as somebody at a terminal does it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest

from tests.acceptance.conftest import Command

SMALL = ("--epochs", "2", "--hidden-size", "16", "--seq-length", "28", "--num-layers", "1")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two stores, two products, 200 days, with a promotion."""
    from tests.acceptance.tables import small_table

    path = tmp_path / "sales.parquet"
    small_table().write_parquet(path)
    return path


def test_the_demo_trains_publishes_and_forecasts_in_an_empty_folder(tidebook: Command, home: Path) -> None:
    ended = tidebook("demo", "--no-serve")
    assert ended.code == 0, ended.err
    assert "Published product/P001_all/lstm/v1" in ended.out
    assert "2025-01-01" in ended.out  # the first day of the forecast table
    assert (home / "saved_models/product/P001_all/lstm/v1/manifest.json").is_file()
    assert len(list((home / "saved_predictions").glob("PRED*.json"))) == 1
    assert (home / "data/timeseries_training_data_sample_10s50p.parquet").is_file()
    again = tidebook("demo", "--no-serve", "--json")
    document = again.json
    assert document["train"]["version"] == "product/P001_all/lstm/v2"
    naive = document["train"]["baseline"]["seasonal_naive_7"]["wape"]
    assert document["train"]["metrics"]["wape"] < naive


def test_a_file_is_trained_on_and_forecast_from_with_a_plan_of_the_future(
    tidebook: Command, home: Path, table: Path, tmp_path: Path
) -> None:
    trained = tidebook("train", table, "--product", "P1", "--known-future", "promo", *SMALL, "--json")
    assert trained.code == 0, trained.err
    assert trained.json["version"] == "product/P1_all/lstm/v1"
    assert {"mae", "rmse", "mape", "r2", "direction_accuracy", "smape", "wape", "mase"} <= set(trained.json["metrics"])

    refused = tidebook("forecast", "product/P1_all/lstm", "--horizon", "10", "--json")
    assert refused.code == 2
    assert "promo" in refused.problem["rule"] + refused.problem["got"]

    plan = tmp_path / "plan.csv"
    days = pl.date_range(pl.date(2024, 7, 19), pl.date(2024, 7, 28), eager=True)
    pl.DataFrame({"date": days, "promo": [0, 1] * 5}).write_csv(plan)
    chart, sheet = tmp_path / "chart.png", tmp_path / "forecast.csv"
    forecast = tidebook(
        "forecast", "product/P1_all/lstm", "--horizon", "10", "--future", plan, "--csv", sheet, "--png", chart, "--json"
    )
    assert forecast.code == 0, forecast.err
    document = forecast.json
    assert document["history_end"] == "2024-07-18"
    assert document["origin"] == "2024-07-19"
    assert [entry["store_id"] for entry in document["series"]] == ["S1", "S2"]
    assert document["total"]["prediction"]["values"][0] == pytest.approx(
        sum(entry["prediction"]["values"][0] for entry in document["series"]), abs=1e-3
    )
    assert json.loads((home / "saved_predictions" / f"{document['id']}.json").read_text()) == document
    assert chart.read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader(sheet.read_text(encoding="utf-8-sig").splitlines()))
    assert sum(row["kind"] == "prediction" for row in rows) == 20


def test_a_backtest_over_folds_says_what_is_gained_and_how_often_intervals_held(
    tidebook: Command, table: Path, tmp_path: Path
) -> None:
    folds = ("--folds", "2", "--stride", "7", "--test-days", "14", "--refit", "--interval", "90", "--interval", "50")
    asked = ("train", table, "--product", "P1", "--known-future", "promo", *SMALL, *folds)
    document = tidebook(*asked, "--json").json
    assert [entry["level"] for entry in document["coverage"]] == [50, 90]
    shown = tidebook("models", "show", document["version"], "--json").json["backtest"]
    assert [fold["refit"] for fold in shown["folds"]] == [True, False]
    assert shown["skill"]["value"] == document["skill"]
    trained, chinese = tidebook(*asked), tidebook(*asked, TIDEBOOK_LANGUAGE="zh")
    assert "The 50 % interval held" in trained.out
    assert "50% 区间包含了" in chinese.out
    refused = tidebook(*asked, "--folds", "99", "--json")
    assert "earlier folds 98 × 7" in refused.problem["rule"]

    plan = tmp_path / "plan.csv"
    days = pl.date_range(pl.date(2024, 7, 19), pl.date(2024, 7, 28), eager=True)
    pl.DataFrame({"date": days, "promo": [0, 1] * 5}).write_csv(plan)
    forecast = ("forecast", "product/P1_all/lstm", "--horizon", "10", "--future", plan)
    whole, one = tidebook(*forecast), tidebook(*forecast, "--store", "S1")
    assert "50 % low" in whole.out
    assert "90 % low" not in whole.out
    assert "90 % high" in one.out


def test_models_and_runs_are_listed_shown_and_deleted(tidebook: Command, table: Path) -> None:
    assert tidebook("models", "list").out.startswith("No version yet")
    tidebook("train", table, "--mode", "store", "--store", "S1", "--algorithm", "seasonal_naive")
    tidebook("train", table, "--mode", "global", "--aggregation", "sum", "--algorithm", "seasonal_naive")
    listed = tidebook("models", "list", "--json").json
    assert [model["address"] for model in listed["models"]] == [
        "global/all/sum/seasonal_naive/v1",
        "store/S1_all/seasonal_naive/v1",
    ]
    assert listed["pagination"] == {"total": 2, "page": 1, "page_size": 20, "total_pages": 1}
    shown = tidebook("models", "show", "store/S1_all/seasonal_naive", "--json").json
    assert {"model.pth", "metadata.json", "config.json", "eval_results.json", "forecast.png"} <= {
        file["path"] for file in shown["files"]
    }
    runs = tidebook("runs", "list", "--json").json["runs"]
    assert {run["status"] for run in runs} == {"completed"}
    assert tidebook("runs", "show", runs[0]["run_name"]).code == 0
    deleted = tidebook("models", "delete", "store/S1_all/seasonal_naive/v1", "--yes", "--force", "--reason", "a try")
    assert deleted.code == 0, deleted.err
    assert tidebook("models", "list", "--json").json["pagination"]["total"] == 1
    gone = tidebook("forecast", "store/S1_all/seasonal_naive", "--json")
    assert gone.code == 4
    assert gone.problem["type"].endswith("not-found")
    tidebook("train", table, "--mode", "store", "--store", "S1", "--algorithm", "seasonal_naive")
    assert tidebook("models", "list", "--mode", "store", "--json").json["models"][0]["version"] == "v2"


def test_the_audit_says_what_is_wrong_in_the_language_of_the_user(tidebook: Command, table: Path) -> None:
    rows = pl.read_parquet(table)
    pl.concat([rows, rows.head(3)]).write_parquet(table)
    english, chinese = tidebook("data", "audit", table), tidebook("data", "audit", table, TIDEBOOK_LANGUAGE="zh")
    assert (english.code, chinese.code) == (0, 0)
    assert "3 " in english.out
    assert "duplicate" in english.out.lower()
    assert "重复" in chinese.out
    report = tidebook("data", "audit", table, "--json").json
    assert any(finding["count"] == 3 for finding in report["findings"])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--product", "P9"), 4, "P9"),
        (("--product", "P1", "--epoch", "3"), 2, "--epochs"),
        (("--product", "P1", "--epochs", "0"), 2, "epochs"),
        (("--product", "P1", "--epochs", "many"), 2, "integer"),
        (("--product", "P1", "--algorithm", "lstn"), 4, "lstm"),
        (("--product", "P1", "--store", "S3"), 4, "S3"),
        (("--mode", "global"), 2, "aggregation_method"),
        (("--product", "P1", "--known-future", "promos"), 2, "promo"),
        (("--product", "P1", "--target-column", "note"), 3, "note"),
        (("--product", "P1", "--seq-length", "190"), 3, "days"),
    ],
)
def test_bad_input_ends_with_a_clear_error_and_leaves_no_version(
    tidebook: Command, home: Path, table: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = tidebook("train", table, *arguments, "--json")
    assert ended.code == code, ended.err
    problem = ended.problem
    assert problem["rule"]
    assert problem["fix"]
    assert said.removeprefix("--") in f"{problem['rule']} {problem['got']} {problem['fix']}"
    assert not list(home.glob("saved_models/**/manifest.json"))


def test_a_failed_training_is_recorded_with_its_reason(tidebook: Command, table: Path) -> None:
    tidebook("train", table, "--product", "P9")
    (run,) = tidebook("runs", "list", "--json").json["runs"]
    assert run["status"] == "failed"
    assert "P9" in run["reason"]


@pytest.mark.parametrize("content", [b"", b"not parquet at all", b"PAR1" + b"\x00" * 100 + b"PAR1"])
def test_a_file_that_is_not_what_it_claims_is_refused(tidebook: Command, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "claims.parquet"
    path.write_bytes(content)
    ended = tidebook("data", "audit", path, "--json")
    assert ended.code == 3
    assert "Parquet" in ended.problem["rule"]


def test_the_command_line_starts_without_the_heavy_libraries(tidebook: Command) -> None:
    import subprocess
    import sys

    code = "import sys, tidebook.cli; print([m for m in ('torch','polars','fastapi','pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_speaks_both_languages(tidebook: Command) -> None:
    assert "Train a model and publish it" in tidebook("--help").out
    assert "训练模型并发布" in tidebook("--help", TIDEBOOK_LANGUAGE="zh").out
