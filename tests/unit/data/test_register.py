from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tests.unit.data.frames import table
from tidebook.core.errors import DataFault, NotFound
from tidebook.core.settings import Settings
from tidebook.data.demo import generate
from tidebook.data.mapping import ColumnMapping
from tidebook.data.register import register
from tidebook.records import dataset as records


def test_a_registered_dataset_is_found_again_with_its_ids(settings: Settings, tmp_path: Path) -> None:
    path = generate(tmp_path / "a.parquet", stores=2, products=2, days=200)
    record = register(path, name="演示", mapping=ColumnMapping(country="CN"), settings=settings, uploaded=False)
    assert records.load(settings, record.id) == record
    assert records.ids(settings, record.id) == {"products": ["P001", "P002"], "stores": ["S001", "S002"]}
    assert (record.mapping["country"], record.mapping["known_future"]) == ("CN", ["promo", "price"])
    assert (record.series, record.last_date) == (4, "2024-12-31")
    records.delete(settings, record.id)
    assert list(records.all(settings)) == []
    assert path.exists()


def test_a_table_without_products_has_none(settings: Settings, tmp_path: Path) -> None:
    table(products=1).drop("product_id").write_parquet(tmp_path / "a.parquet")
    record = register(tmp_path / "a.parquet", name="a", mapping=None, settings=settings, uploaded=False)
    assert (record.products, record.stores) == (0, 2)
    assert records.ids(settings, record.id) == {"products": [], "stores": ["S1", "S2"]}


def test_an_uploaded_file_moves_in_and_goes_with_its_record(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table().write_parquet(path)
    record = register(path, name="a", mapping=None, settings=settings, uploaded=True)
    assert not path.exists()
    assert Path(record.path).is_file()
    again = register(
        record.path,
        name="a",
        mapping=ColumnMapping(past=("promo",)),
        settings=settings,
        uploaded=True,
        dataset_id=record.id,
    )
    assert (again.path, again.mapping["past"]) == (record.path, ["promo"])
    assert again.created_at == record.created_at
    records.delete(settings, record.id)
    assert not Path(record.path).exists()
    with pytest.raises(NotFound, match="A dataset must be registered"):
        records.delete(settings, record.id)


def test_a_file_that_cannot_be_used_leaves_nothing_behind(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("date,sales\n2024-01-01,many\n2024-01-02,few\n")
    with pytest.raises(DataFault, match="The target sales must be numbers, but got 'many', 'few'"):
        register(path, name="a", mapping=None, settings=settings, uploaded=True)
    assert path.exists()
    assert not settings.datasets.exists()


def test_an_upload_that_cannot_be_recorded_goes_back_to_where_it_was(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    table().write_parquet(path)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tidebook.records.dataset.write_json", full)
        with pytest.raises(OSError, match="No space left"):
            register(path, name="a", mapping=None, settings=settings, uploaded=True)
    assert path.exists()
    assert list(settings.datasets.iterdir()) == []
