from __future__ import annotations

from dataclasses import replace

import pytest

from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.ids import new_id
from tidebook.core.settings import Settings
from tidebook.records import dataset as records
from tidebook.records.dataset import DatasetRecord


@pytest.fixture
def record() -> DatasetRecord:
    return DatasetRecord(
        id=new_id("DSET"),
        name="销售",
        path="/data/sales.parquet",
        uploaded=False,
        mapping={"date": "date", "target": "sales"},
        fingerprint="blake3:00",
        size_bytes=10,
        rows=2,
        series=1,
        products=0,
        stores=1,
        first_date="2024-01-01",
        last_date="2024-01-02",
        columns=[{"name": "date", "type": "Date"}],
        audit={"format_version": 1, "findings": []},
        created_at="2024-01-03T00:00:00.000+00:00",
    )


def test_a_record_is_found_again_with_its_ids(settings: Settings, record: DatasetRecord) -> None:
    records.save(settings, record, products=[], stores=["S1"])
    assert records.load(settings, record.id) == record
    assert records.ids(settings, record.id) == {"products": [], "stores": ["S1"]}
    assert record.to_json()["format_version"] == 1


def test_a_record_is_replaced_whole(settings: Settings, record: DatasetRecord) -> None:
    records.save(settings, record, products=[], stores=["S1"])
    records.save(settings, replace(record, name="new"), products=["P1"], stores=[])
    assert [found.name for found in records.all(settings)] == ["new"]
    assert records.ids(settings, record.id) == {"products": ["P1"], "stores": []}


def test_a_deleted_record_is_gone(settings: Settings, record: DatasetRecord) -> None:
    records.save(settings, record, products=[], stores=["S1"])
    records.delete(settings, record.id)
    with pytest.raises(NotFound, match=f"A dataset must be registered, but got {record.id}"):
        records.load(settings, record.id)
    with pytest.raises(NotFound, match="A dataset must be registered"):
        records.delete(settings, record.id)
    assert not records.folder(settings, record.id).exists()


def test_a_folder_that_was_cut_by_hand_is_passed_over(settings: Settings, record: DatasetRecord) -> None:
    records.save(settings, record, products=[], stores=["S1"])
    broken = records.folder(settings, new_id("DSET"))
    broken.mkdir()
    (broken / records.FILE).write_text("{")
    records.folder(settings, new_id("DSET")).mkdir()
    assert list(records.all(settings)) == [record]


@pytest.mark.parametrize("name", ["../DSET", "DSET/..", "", "TRAI" + "0" * 28])
def test_an_id_cannot_lead_elsewhere(settings: Settings, name: str) -> None:
    with pytest.raises(InvalidInput, match="An id must be DSET followed by 28"):
        records.load(settings, name)


def test_no_datasets_are_no_error(settings: Settings) -> None:
    assert list(records.all(settings)) == []


def test_the_ids_of_an_unknown_dataset_are_told_as_that(settings: Settings) -> None:
    with pytest.raises(NotFound, match="A dataset must be registered"):
        records.ids(settings, "DSET" + "0" * 28)
