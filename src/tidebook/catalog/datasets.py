"""The list of datasets: a row for each dataset.json."""

from __future__ import annotations

import logging
from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, insert, select

from tidebook.catalog import moments
from tidebook.catalog.access import Access
from tidebook.catalog.database import REFUSALS, Database, refused
from tidebook.catalog.paging import page
from tidebook.catalog.tables import datasets
from tidebook.core.errors import TidebookError
from tidebook.core.ids import is_id
from tidebook.core.settings import Settings
from tidebook.records import dataset as records
from tidebook.records.belonging import belonging

logger = logging.getLogger(__name__)


class Datasets:
    """Rows of `datasets`."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings
        self._passed: dict[str, int] = {}  # damaged files and their stamps

    def page(
        self, limit: int, after: str | None, access: Access, project: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Records that the user sees, of one project or all, newest first, and where the next page begins."""
        query = select(datasets.c.created, datasets.c.id, datasets.c.record)
        query = query.where(access.where(datasets.c.project, datasets.c.owner, project))
        with self._database.read() as connection:
            rows, following = page(connection, query, (datasets.c.created, datasets.c.id), limit, after)
        return [row.record for row in rows], following

    def add(self, record: dict[str, Any]) -> None:
        """The row of a record whose file has been written; an older row is replaced."""
        dataset_id = str(record["id"])
        with self._database.write() as connection:
            connection.execute(delete(datasets).where(datasets.c.id == dataset_id))
            connection.execute(
                insert(datasets).values(
                    id=dataset_id,
                    created=moments.milliseconds(record["created_at"]),
                    name=str(record["name"])[:500],
                    **asdict(belonging(record)),
                    stamp=self.stamps().get(dataset_id, 0),
                    record=record,
                )
            )

    def remove(self, dataset_id: str) -> None:
        """Removes the row of a record that is gone."""
        with self._database.write() as connection:
            connection.execute(delete(datasets).where(datasets.c.id == dataset_id))

    def stamps(self) -> dict[str, int]:
        """The modification time of each dataset.json in the home, in nanoseconds; copies of folders are passed over."""
        files = self._settings.datasets.glob("DSET*/dataset.json") if self._settings.datasets.is_dir() else ()
        found = {}
        for file in files:
            if not is_id(file.parent.name, "DSET"):
                continue
            try:
                found[file.parent.name] = file.stat().st_mtime_ns
            except FileNotFoundError:
                continue  # deleted meanwhile
        return found

    def sync(self) -> int:
        """Brings the rows in line with the files; returns how many rows changed. A damaged file gets no row."""
        files = self.stamps()
        with self._database.read() as connection:
            rows = {row.id: row.stamp for row in connection.execute(select(datasets.c.id, datasets.c.stamp))}
        changed = 0
        for gone in rows.keys() - files.keys():
            self.remove(gone)
            changed += 1
        for dataset_id, stamp in files.items():
            if rows.get(dataset_id) == stamp or self._passed.get(dataset_id) == stamp:
                continue
            try:
                self.add(records.load(self._settings, dataset_id).to_json())
                changed += 1
            except (TidebookError, KeyError, *REFUSALS) as error:
                if not refused(error):
                    raise
                self._passed[dataset_id] = stamp  # Said once, not at every look.
                logger.warning("dataset %s is passed over: %s", dataset_id, getattr(error, "orig", error))
        return changed
