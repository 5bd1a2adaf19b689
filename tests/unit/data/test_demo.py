from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from tidebook.data.audit import audit
from tidebook.data.demo import generate
from tidebook.data.demo.drugs import DRUGS
from tidebook.data.load import load_panel


def test_the_demo_data_is_the_same_every_time_and_has_a_few_faults(tmp_path: Path) -> None:
    first = pl.read_parquet(generate(tmp_path / "a.parquet", stores=3, products=7, days=400))
    second = pl.read_parquet(generate(tmp_path / "b.parquet", stores=3, products=7, days=400))
    assert first.equals(second)
    assert not first.equals(pl.read_parquet(generate(tmp_path / "c.parquet", stores=3, products=7, days=400, seed=1)))
    assert str(first["date"].max()) == "2024-12-31"
    found = {finding.code: finding for finding in audit(first).findings}
    assert found.keys() >= {"duplicates", "long_gap", "nulls", "negative", "intermittent"}
    assert (found["duplicates"].count, found["negative"].count, found["long_gap"].series_count) == (12, 1, 1)


def test_any_size_can_be_generated(tmp_path: Path) -> None:
    for stores, products, days in ((1, 1, 3), (2, 60, 30), (1, 2, 1)):
        rows = pl.read_parquet(generate(tmp_path / "a.parquet", stores=stores, products=products, days=days))
        assert rows["product_name"].n_unique() == rows["product_id"].n_unique() == products


def test_there_is_a_drug_of_its_own_for_each_of_fifty_products() -> None:
    assert len({drug.name for drug in DRUGS}) == 50
    assert sum(drug.level < 2 for drug in DRUGS) >= 5


def test_a_promotion_sells_more_and_costs_less(tmp_path: Path) -> None:
    rows = pl.read_parquet(generate(tmp_path / "a.parquet", stores=4, products=1, days=800)).unique()
    by_promo = rows.group_by("promo").agg(pl.col("sales").mean(), pl.col("price").mean()).sort("promo")
    assert by_promo["sales"][1] > 1.2 * by_promo["sales"][0]
    assert by_promo["price"][1] < by_promo["price"][0]


def test_the_first_product_sells_well_and_regularly_in_every_store(tmp_path: Path) -> None:
    panel = load_panel(generate(tmp_path / "a.parquet", stores=10, products=1))
    assert panel.target.mean(axis=1).min() > 15
    assert (panel.target == 0).mean() < 0.01
    weekday = (panel.dates.astype(np.int64) + 3) % 7
    saturdays, tuesdays = (panel.target[:, weekday == day].mean() for day in (5, 1))
    assert saturdays > 1.15 * tuesdays


def test_chinese_new_year_moves_with_the_moon(tmp_path: Path) -> None:
    panel = load_panel(generate(tmp_path / "a.parquet", stores=10, products=1))
    total = panel.target.sum(axis=0)
    for new_year in ("2022-02-01", "2023-01-22", "2024-02-10"):
        day = int((np.datetime64(new_year) - panel.dates[0]).astype(int))
        assert total[day : day + 4].mean() < 0.6 * total[day - 10 : day - 2].mean()
