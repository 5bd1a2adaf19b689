from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import polars as pl

from tidebook.runs.export import write_curves, write_runs
from tidebook.runs.record import summary
from tidebook.runs.start import start_run


def items(out: Path) -> list[dict[str, Any]]:
    first = start_run(
        output_dir=out, name="a", context=False, resources=False, params={"lr": 0.5, "kind": "x", "on": True}
    )
    first.log({"loss": 1.0, "f1": 0.5}, step=0)
    first.log({"loss": float("nan")}, step=1)
    first.log(loss=0.25, epoch=1.5, phase="valid")
    first.tag(team="east, west")
    first.finish()
    second = start_run(output_dir=out, name="b", context=False, resources=False, params={"lr": 1, "kind": 7})
    second.finish()
    return [summary(out / "a"), summary(out / "b")]


def test_a_table_of_runs_has_columns_of_one_type(out: Path, tmp_path: Path) -> None:
    write_runs(items(out), tmp_path / "runs.parquet", "parquet")
    table = pl.read_parquet(tmp_path / "runs.parquet")
    assert table["run_name"].to_list() == ["a", "b"]
    assert table["params.lr"].to_list() == [0.5, 1.0]
    assert table["params.kind"].to_list() == ["x", "7"]
    assert table["params.on"].to_list() == [True, None]
    assert table["metrics.f1"].to_list() == [0.5, None]
    assert table["tags.team"].to_list() == ["east, west", None]
    write_runs(items(out), tmp_path / "runs.csv", "csv")
    sheet = pl.read_csv(tmp_path / "runs.csv")
    assert sheet["tags.team"].to_list() == ["east, west", None]
    assert sheet.columns == table.columns


def test_a_table_of_curves_has_a_row_for_each_value(out: Path, tmp_path: Path) -> None:
    for form in ("parquet", "csv"):
        path = tmp_path / f"curves.{form}"
        assert write_curves(items(out / form), path, "csv" if form == "csv" else "parquet") == 4
        table = pl.read_parquet(path) if form == "parquet" else pl.read_csv(path)
        assert table.columns == ["run_name", "phase", "name", "step", "epoch", "timestamp", "value"]
        assert table.select("phase", "name", "step").rows() == [
            ("train", "loss", 0), ("train", "f1", 0), ("train", "loss", 1), ("valid", "loss", None),
        ]  # fmt: skip
        assert math.isnan(table["value"][2])
        assert table["epoch"].to_list() == [None, None, None, 1.5]


def test_no_run_gives_an_empty_table(tmp_path: Path) -> None:
    assert write_curves([], tmp_path / "curves.parquet", "parquet") == 0
    assert pl.read_parquet(tmp_path / "curves.parquet").height == 0
    assert write_runs([], tmp_path / "runs.csv", "csv") == 0
