"""The history of forecasts: a row for each saved file."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from sqlalchemy import delete, func, insert, select

from tidebook.catalog import moments
from tidebook.catalog.access import Access
from tidebook.catalog.database import REFUSALS, Database, refused
from tidebook.catalog.paging import page
from tidebook.catalog.tables import prediction_history
from tidebook.core.errors import NotFound, TidebookError
from tidebook.core.settings import Settings
from tidebook.records import forecast as records

logger = logging.getLogger(__name__)


class Predictions:
    """Rows of `prediction_history`."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings = database, settings

    def page(
        self, limit: int, after: str | None, access: Access, project: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Summaries that the user sees, of one project or all, newest first, and where the next page begins."""
        query = select(prediction_history.c.created, prediction_history.c.id, prediction_history.c.item)
        query = query.where(access.where(prediction_history.c.project, prediction_history.c.owner, project))
        with self._database.read() as connection:
            rows, following = page(
                connection, query, (prediction_history.c.created, prediction_history.c.id), limit, after
            )
        return [row.item for row in rows], following

    def add(self, result: dict[str, Any]) -> None:
        """The row of a result, or of what stands in for one in the archive, whose file has been written."""
        item = records.summary(result)
        with self._database.write() as connection:
            connection.execute(delete(prediction_history).where(prediction_history.c.id == item["id"]))
            connection.execute(
                insert(prediction_history).values(
                    id=item["id"],
                    created=moments.milliseconds(item["created_at"]),
                    model=item["model"],
                    path=f"saved_predictions/{item['id']}.json",
                    is_archived=item["is_archived"],
                    total=item["total"],
                    project=item["project"],
                    owner=item["owner"],
                    item=item,
                )
            )

    def remove(self, prediction_id: str) -> None:
        """Removes the row of a file that is gone."""
        with self._database.write() as connection:
            connection.execute(delete(prediction_history).where(prediction_history.c.id == prediction_id))

    def sync(self, *, again: bool = False) -> int:
        """Brings the rows in line with the files; returns how many rows changed. A damaged file gets no row.

        With `again` every file is read, not only those without a row.
        """
        files = records.every(self._settings)
        with self._database.read() as connection:
            query = select(prediction_history.c.id, prediction_history.c.is_archived)
            rows = {row.id: row.is_archived for row in connection.execute(query)}
        gone = rows.keys() - files
        for each in gone:
            self.remove(each)
        added = 0
        for each, is_archived in files.items():
            if rows.get(each) is is_archived and not again:
                continue
            try:
                self._read(each)
                added += 1
            except (TidebookError, KeyError, *REFUSALS) as error:
                if not refused(error):
                    raise
                logger.warning("forecast %s is passed over: %s", each, getattr(error, "orig", error))
                if each in rows:
                    self.remove(each)
        return len(gone) + added

    def refresh(self, prediction_id: str) -> None:
        """Brings the row of one forecast in line with its file."""
        try:
            self._read(prediction_id)
        except NotFound:
            self.remove(prediction_id)

    def _read(self, prediction_id: str) -> None:
        """The row of a file; NotFound where there is none, or it is that of another forecast."""
        result = records.archived(self._settings, prediction_id) or records.load(self._settings, prediction_id)
        found = records.summary(result)["id"]
        if found != prediction_id:
            raise NotFound("The file of a forecast must bear its id", got=found[:80], fix="Give it back its name.")
        self.add(result)

    def referring(self, addresses: Collection[str], *, here: bool = False) -> dict[str, int]:
        """How many forecasts refer to each of these versions; none: left out. With `here` not those in the archive."""
        found: dict[str, int] = {}
        wanted = list(addresses)
        with self._database.read() as connection:
            for start in range(0, len(wanted), 500):
                some = prediction_history.c.model.in_(wanted[start : start + 500])
                query = select(prediction_history.c.model, func.count()).where(some)
                if here:
                    query = query.where(prediction_history.c.is_archived.is_(False))
                counts = connection.execute(query.group_by(prediction_history.c.model))
                found |= {str(model): int(count) for model, count in counts}
        return found
