"""The record of a registered dataset: datasets/{id}/dataset.json and the lists of its ids."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tidebook.core.errors import NotFound
from tidebook.core.files import read_json, write_json
from tidebook.core.ids import check_id
from tidebook.core.settings import Settings
from tidebook.records.belonging import belonging
from tidebook.records.labels import DEFAULT_PROJECT

FILE, IDS = "dataset.json", "ids.json"


@dataclass(frozen=True)
class DatasetRecord:
    """What is known of a dataset."""

    id: str  #: DSET…
    name: str  #: for people
    path: str  #: the file, absolute
    uploaded: bool  #: whether the file is ours and goes with the record
    mapping: dict[str, Any]  #: the resolved ColumnMapping
    fingerprint: str  #: of the file when it was audited
    size_bytes: int
    rows: int
    series: int
    products: int  #: how many
    stores: int  #: how many
    first_date: str  #: YYYY-MM-DD
    last_date: str  #: YYYY-MM-DD
    columns: list[dict[str, str]]  #: name and type of each
    audit: dict[str, Any]  #: the audit's report
    created_at: str
    owner: str | None = None  #: the user who registered it; None before there were users, and from the command line
    project: str = DEFAULT_PROJECT

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"format_version": 1, **asdict(self)}


def folder(settings: Settings, dataset_id: str) -> Path:
    """The dataset's folder."""
    return settings.datasets / check_id(dataset_id, "DSET")


def save(settings: Settings, record: DatasetRecord, *, products: Sequence[str], stores: Sequence[str]) -> None:
    """Writes the record; the lists of ids first, so that a record is never without them."""
    own = folder(settings, record.id)
    write_json(own / IDS, {"format_version": 1, "products": list(products), "stores": list(stores)})
    write_json(own / FILE, record.to_json())


def is_registered(settings: Settings, dataset_id: str) -> bool:
    """Whether there is a record with this id, be it readable or not."""
    return (folder(settings, dataset_id) / FILE).is_file()


def load(settings: Settings, dataset_id: str) -> DatasetRecord:
    """The record with this id; NotFound where there is none."""
    if not is_registered(settings, dataset_id):
        raise unregistered(dataset_id)
    return _record(read_json(folder(settings, dataset_id) / FILE))


def ids(settings: Settings, dataset_id: str) -> dict[str, list[str]]:
    """All product and store ids of a dataset, sorted; NotFound where there is no such dataset."""
    if not is_registered(settings, dataset_id):
        raise unregistered(dataset_id)
    lists = read_json(folder(settings, dataset_id) / IDS)
    return {"products": lists["products"], "stores": lists["stores"]}


def all(settings: Settings) -> Iterator[DatasetRecord]:  # noqa: A001 - reads as records.all(…)
    """All records that can be read, in no particular order."""
    for path in settings.datasets.glob(f"DSET*/{FILE}"):
        try:
            yield _record(read_json(path))
        except (NotFound, KeyError, TypeError):
            continue  # A folder that people copied or cut by hand is no error.


def delete(settings: Settings, dataset_id: str) -> None:
    """Removes the record and, where it was uploaded, the file; the record goes first, which is the commit."""
    load(settings, dataset_id)
    own = folder(settings, dataset_id)
    (own / FILE).unlink()
    shutil.rmtree(own)


def unregistered(dataset_id: str) -> NotFound:
    """The error for an id that no dataset has."""
    return NotFound("A dataset must be registered", got=dataset_id, fix="List them with `tidebook data list`.")


def _record(value: dict[str, Any]) -> DatasetRecord:
    whole = {**value, **asdict(belonging(value))}
    return DatasetRecord(**{field.name: whole[field.name] for field in fields(DatasetRecord)})
