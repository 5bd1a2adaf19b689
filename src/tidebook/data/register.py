"""A table becomes a dataset: audited, described, and found again by its id."""

from __future__ import annotations

from pathlib import Path

from tidebook.core.clock import timestamp
from tidebook.core.files import storage_errors
from tidebook.core.ids import new_id
from tidebook.core.settings import Settings
from tidebook.data.audit import audit
from tidebook.data.mapping import ColumnMapping
from tidebook.data.sources import open_source
from tidebook.records.dataset import DatasetRecord, folder, save


def register(
    path: str | Path,
    *,
    name: str,
    mapping: ColumnMapping | None,
    settings: Settings,
    uploaded: bool,
    dataset_id: str | None = None,
) -> DatasetRecord:
    """Audits the file at `path` and records it as a dataset; an existing id is recorded anew.

    An uploaded file moves into the dataset's folder and goes with it. Raises what the audit raises, and then
    nothing is recorded or moved.
    """
    file = Path(path).expanduser().absolute()
    source = open_source(file, mapping.encoding if mapping else None)
    report = audit(source, mapping)
    summary = report.summary
    own_id = dataset_id or new_id("DSET")
    if uploaded and dataset_id is None:
        file = _move_in(file, folder(settings, own_id))
    record = DatasetRecord(
        id=own_id,
        name=name,
        path=str(file),
        uploaded=uploaded,
        mapping=report.mapping.model_dump(mode="json"),
        fingerprint=open_source(file, report.mapping.encoding).fingerprint(),
        size_bytes=file.stat().st_size,
        rows=summary["rows"],
        series=summary["series"],
        products=summary["products"],
        stores=summary["stores"],
        first_date=summary["first_date"],
        last_date=summary["last_date"],
        columns=summary["columns"],
        audit=report.to_json(),
        created_at=timestamp(),
    )
    save(settings, record, products=report.products, stores=report.stores)
    return record


def _move_in(file: Path, own: Path) -> Path:
    with storage_errors(own):
        own.mkdir(parents=True)
        return file.rename(own / f"table{file.suffix.lower()}")
