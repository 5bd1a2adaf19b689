"""What is in the archive: a row for each forecast, version and run that lies there, made from the files beside them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import delete, insert, select

from tidebook.catalog import moments
from tidebook.catalog.access import Access
from tidebook.catalog.database import Database
from tidebook.catalog.paging import page
from tidebook.catalog.tables import archived_things
from tidebook.catalog.version_tables import model_versions, version_items
from tidebook.core.errors import NotFound, TidebookError
from tidebook.core.files import read_json
from tidebook.core.settings import Settings
from tidebook.records import forecast as forecasts
from tidebook.records.belonging import belonging
from tidebook.runs.record import DELETED
from tidebook.store import open_store
from tidebook.store.archiving import RECORD
from tidebook.store.place import here

Kind = Literal["version", "forecast", "run"]
SHARE = 50  #: a look that took t seconds is not repeated before SHARE · t
_SHOWN = ("url", "bytes", "original_bytes", "archived_at", "by")


class Archived:
    """Rows of `archived_things`."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._settings, self._store = database, settings, open_store(settings)
        self._due = 0.0

    def page(
        self, limit: int, after: str | None, access: Access, project: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """What the user sees, newest first, and where the next page begins."""
        table = archived_things
        query = select(table.c.archived, table.c.id, table.c.item)
        query = query.where(access.where(table.c.project, table.c.owner, project))
        with self._database.read() as connection:
            rows, following = page(connection, query, (table.c.archived, table.c.id), limit, after)
        return [row.item for row in rows], following

    def look(self) -> int:
        """`sync`, unless one that took long was not long ago; called again and again."""
        if time.monotonic() < self._due:
            return 0
        began = time.monotonic()
        changed = self.sync()
        ended = time.monotonic()
        self._due = ended + SHARE * (ended - began)
        return changed

    def sync(self) -> int:
        """Brings the rows in line with the files and with the rows of versions; returns how many changed."""
        table = archived_things
        with self._database.read() as connection:
            rows = connection.execute(select(table.c.kind, table.c.id, table.c.item))
            known = {(row.kind, row.id): row.item for row in rows}
        found = {(row["kind"], row["id"]): row for row in self._found(known)}
        if known == {key: row["item"] for key, row in found.items()}:
            return 0
        with self._database.write() as connection:
            stale = [key for key, item in known.items() if key not in found or found[key]["item"] != item]
            new = [row for key, row in found.items() if key not in known or key in stale]
            for kind, name in [*stale, *((row["kind"], row["id"]) for row in new)]:
                connection.execute(delete(table).where(table.c.kind == kind, table.c.id == name))
            if new:
                connection.execute(insert(table), new)
        return len({*stale, *((row["kind"], row["id"]) for row in new)})

    def _found(self, known: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        yield from self._forecasts()
        yield from self._runs()
        yield from self._versions(known)

    def _forecasts(self) -> Iterator[dict[str, Any]]:
        for name, is_archived in forecasts.every(self._settings).items():
            if is_archived:
                try:
                    record = forecasts.archived(self._settings, name)
                except NotFound:
                    continue
                if record is not None:
                    summary = record["summary"]
                    yield self._row("forecast", name, record, summary, summary.get("description"))

    def _runs(self) -> Iterator[dict[str, Any]]:
        for folder in _folders(self._settings.out):
            if (folder / RECORD).is_file() and (folder / DELETED).is_file():
                try:
                    record = read_json(folder / RECORD)
                except NotFound:
                    continue
                if isinstance(record, dict) and isinstance(summary := record.get("summary"), dict):
                    yield self._row("run", folder.name, record, summary, summary.get("description"))

    def _versions(self, known: Mapping[tuple[str, str], Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        own = version_items.c.version == model_versions.c.n
        query = select(version_items.c.item).join(model_versions, own).where(model_versions.c.archived)
        with self._database.read() as connection:
            items = list(connection.execute(query).scalars())
        for item in items:
            address, record = item["address"], item["archived"] or {}
            before = known.get(("version", address), {})
            if before.get("archived_at") == record.get("archived_at"):
                record = before  # as it was read from its file
            else:
                with suppress(TidebookError):
                    record = self._store.record(address, RECORD) or record
            yield self._row("version", address, record, item, item.get("description"))

    def _row(
        self, kind: Kind, name: str, record: Mapping[str, Any], whose: Mapping[str, Any], said: Any
    ) -> dict[str, Any]:
        owned = belonging(whose)
        item = {
            "kind": kind,
            "id": name,
            **{field: record.get(field) for field in _SHOWN},
            "url": here(str(record.get("url") or ""), self._settings.archive_place, kind, name),
            "description": said if isinstance(said, str) else None,
        }
        return {
            "kind": kind,
            "id": name,
            "archived": moments.milliseconds(str(record.get("archived_at"))),
            "project": owned.project,
            "owner": owned.owner,
            "item": item,
        }


def _folders(out: Path) -> Iterable[Path]:
    try:
        return [path for path in out.iterdir() if not path.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
