"""The list of versions: a row for each published one. It is the Index that the registry's lists ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update

from tidebook.catalog import moments
from tidebook.catalog.access import EVERYTHING, Access
from tidebook.catalog.database import Database
from tidebook.catalog.tables import model_versions
from tidebook.core.scope import Address
from tidebook.registry.best import best_of


class Versions:
    """Rows of `model_versions`, those that `access` lets be seen; implements abc.Index."""

    def __init__(self, database: Database, access: Access = EVERYTHING) -> None:
        self._database, self._access = database, access

    def seen_by(self, access: Access) -> Versions:
        """The same list as one user sees it."""
        return Versions(self._database, access)

    def versions(
        self,
        *,
        mode: str | None = None,
        scope: str | None = None,
        model_type: str | None = None,
        aggregation: str | None = None,
        search: str | None = None,
        project: str | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> tuple[list[dict[str, Any]], int]:
        """Versions newest first, from `offset`, at most `limit`; and how many match in all."""
        stated = {"mode": mode, "scope": scope, "model_type": model_type, "aggregation": aggregation}
        where: list[ColumnElement[bool]] = [
            model_versions.c[name] == value for name, value in stated.items() if value is not None
        ]
        where.append(self._access.where(model_versions.c.project, model_versions.c.owner, project))
        if search:
            where.append(model_versions.c.words.contains(search.casefold(), autoescape=True))
        query = (
            select(model_versions.c.item, model_versions.c.is_best, model_versions.c.line)
            .where(and_(True, *where))
            .order_by(*(model_versions.c[name].desc() for name in ("published", "version", "address")))
            .offset(offset)
            .limit(limit)
        )
        with self._database.read() as connection:
            total = connection.execute(
                select(func.count()).select_from(model_versions).where(and_(True, *where))
            ).scalar_one()
            rows = connection.execute(query).all()
            if self._access.administrator:
                return [{**row.item, "is_best": row.is_best} for row in rows], total
            best = self._best_seen(connection, {row.line for row in rows})
        return [{**row.item, "is_best": row.item["address"] in best} for row in rows], total

    def _best_seen(self, connection: Connection, lines: Collection[str]) -> set[str]:
        """The address of the best version of each line among those that the user sees."""
        seen = self._access.where(model_versions.c.project, model_versions.c.owner)
        query = select(model_versions.c.line, model_versions.c.item).where(model_versions.c.line.in_(lines), seen)
        items: dict[str, list[dict[str, Any]]] = {}
        for row in connection.execute(query):
            items.setdefault(row.line, []).append(row.item)
        return {str(best["address"]) for best in map(best_of, items.values()) if best}

    def addresses(self) -> set[str]:
        """The addresses of all rows."""
        with self._database.read() as connection:
            return set(connection.execute(select(model_versions.c.address)).scalars())

    def replace(self, gone: Iterable[str], new: Iterable[Mapping[str, Any]]) -> None:
        """Removes the rows of `gone`, adds those of `new` (list items), and finds the best of each line anew."""
        removed, rows = list(gone), [_row(item) for item in new]
        lines = {str(Address.parse(address).folder) for address in removed} | {str(row["line"]) for row in rows}
        with self._database.write() as connection:
            for address in [*removed, *(row["address"] for row in rows)]:
                connection.execute(delete(model_versions).where(model_versions.c.address == address))
            if rows:
                connection.execute(insert(model_versions), rows)
            for line in lines:
                items = connection.execute(select(model_versions.c.item).where(model_versions.c.line == line)).scalars()
                best = best_of(list(items))
                connection.execute(
                    update(model_versions)
                    .where(model_versions.c.line == line)
                    .values(is_best=model_versions.c.address == (best["address"] if best else ""))
                )


def _row(item: Mapping[str, Any]) -> dict[str, Any]:
    address = Address.parse(str(item["address"]))
    words = [item["address"], item["description"], item["run_name"] or "", *item["product_ids"], *item["store_ids"]]
    return {
        "address": str(address),
        "line": address.folder,
        "mode": address.mode,
        "scope": address.scope,
        "aggregation": address.aggregation,
        "model_type": address.model_type,
        "version": address.version,
        "published": moments.milliseconds(item.get("timestamp")),
        "is_best": False,
        "project": item["project"],
        "owner": item["owner"],
        "words": "\n".join(map(str, words)).casefold(),
        "item": dict(item),
    }
