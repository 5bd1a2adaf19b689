from __future__ import annotations

from pathlib import Path

import polars as pl

from tidebook.core.settings import Settings
from tidebook.data.audit import audit
from tidebook.data.demo import generate
from tidebook.data.mapping import ColumnMapping
from tidebook.data.register import register
from tidebook.data.sources import open_source
from tidebook.records import dataset as records


def test_the_demo_data_is_the_same_every_time_and_has_a_few_faults(tmp_path: Path) -> None:
    first = pl.read_parquet(generate(tmp_path / "a.parquet", stores=3, products=7, days=400))
    second = pl.read_parquet(generate(tmp_path / "b.parquet", stores=3, products=7, days=400))
    assert first.equals(second)
    assert str(first["date"].max()) == "2024-12-31"
    codes = {finding.code for finding in audit(open_source(first)).findings}
    assert codes >= {"duplicates", "long_gap", "nulls", "negative", "intermittent"}


def test_a_promotion_sells_more_and_costs_less(tmp_path: Path) -> None:
    rows = pl.read_parquet(generate(tmp_path / "a.parquet", stores=4, products=1, days=800)).unique()
    by_promo = rows.group_by("promo").agg(pl.col("sales").mean(), pl.col("price").mean()).sort("promo")
    assert by_promo["sales"][1] > 1.2 * by_promo["sales"][0]
    assert by_promo["price"][1] < by_promo["price"][0]


def test_a_registered_dataset_is_found_again_with_its_ids(settings: Settings, tmp_path: Path) -> None:
    path = generate(tmp_path / "a.parquet", stores=2, products=2, days=200)
    record = register(path, name="演示", mapping=ColumnMapping(country="CN"), settings=settings, uploaded=False)
    assert records.load(settings, record.id) == record
    assert [found.name for found in records.all(settings)] == ["演示"]
    assert records.ids(settings, record.id) == {"products": ["P001", "P002"], "stores": ["S001", "S002"]}
    assert record.mapping["country"] == "CN"
    records.delete(settings, record.id)
    assert list(records.all(settings)) == []
    assert path.exists()


def test_an_uploaded_file_moves_in_and_goes_with_its_record(settings: Settings, tmp_path: Path) -> None:
    path = generate(tmp_path / "a.parquet", stores=1, products=1, days=200)
    record = register(path, name="a", mapping=None, settings=settings, uploaded=True)
    assert not path.exists()
    assert Path(record.path).is_file()
    again = register(
        record.path,
        name="a",
        mapping=ColumnMapping(past=("price",)),
        settings=settings,
        uploaded=True,
        dataset_id=record.id,
    )
    assert (again.path, again.mapping["past"]) == (record.path, ["price"])
    records.delete(settings, record.id)
    assert not Path(record.path).exists()
