"""A table becomes a dataset: audited, described, and found again by its id."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

from tidebook.core.clock import timestamp
from tidebook.core.files import storage_errors
from tidebook.core.ids import new_id
from tidebook.core.settings import Settings
from tidebook.data.audit import audit
from tidebook.data.mapping import ColumnMapping
from tidebook.data.sources import open_source
from tidebook.records.belonging import Belonging
from tidebook.records.dataset import DatasetRecord, folder, load, save


def register(
    path: str | Path,
    *,
    name: str,
    mapping: ColumnMapping | None,
    settings: Settings,
    uploaded: bool,
    dataset_id: str | None = None,
    whose: Belonging | None = None,
) -> DatasetRecord:
    """Audits the file at `path` and records it as a dataset; an existing id is recorded anew and keeps its owner.

    An uploaded file moves into the dataset's folder and goes with it. Raises what the audit raises, and then
    nothing is recorded or moved.
    """
    given = Path(path).expanduser().absolute()
    report = audit(given, mapping)
    summary = report.summary
    before = load(settings, dataset_id) if dataset_id else None
    own_id = dataset_id or new_id("DSET")
    moves = uploaded and dataset_id is None
    file = _move(given, folder(settings, own_id) / f"table{given.suffix.lower()}") if moves else given
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
        created_at=before.created_at if before else timestamp(),
        **asdict(Belonging(before.project, before.owner) if before else whose or Belonging()),
    )
    try:
        save(settings, record, products=report.products, stores=report.stores)
    except BaseException:
        if moves:
            _move(file, given)
            shutil.rmtree(folder(settings, own_id), ignore_errors=True)
        raise
    return record


def _move(file: Path, target: Path) -> Path:
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(file, target))
