"""The list of versions: a row for each published one. It is the Index that the registry's lists ask."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, True_, and_, exists, func, select

from tidebook.abc import Bound
from tidebook.catalog import version_rows
from tidebook.catalog.access import EVERYTHING, Access
from tidebook.catalog.database import Database
from tidebook.catalog.version_tables import (
    model_versions,
    version_aliases,
    version_items,
    version_metrics,
)
from tidebook.registry.bounds import OPERATORS

FEW = 2_000  #: versions that are looked up one by one
ORDER = tuple(model_versions.c[name].desc() for name in ("published", "version", "address"))


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
        metric: Bound | None = None,
        alias: str | None = None,
        archived: bool | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> tuple[list[dict[str, Any]], int]:
        """Versions newest first, from `offset`, at most `limit`; and how many match in all."""
        stated = {
            "mode": mode,
            "scope": scope,
            "model_type": model_type,
            "aggregation": aggregation,
            "archived": archived,
        }
        where: list[ColumnElement[bool]] = [
            model_versions.c[name] == value for name, value in stated.items() if value is not None
        ]
        where.append(self._access.where(model_versions.c.project, model_versions.c.owner, project))
        if search:
            where.append(model_versions.c.words.contains(search.casefold(), autoescape=True))
        if alias is not None:
            named = select(version_aliases.c.version).where(version_aliases.c.alias == alias)
            where.append(model_versions.c.n.in_(named))
        with self._database.read() as connection:
            pages, counted = self._within(connection, metric)
            found = self._page(connection, and_(True, *where, *pages), offset, limit)
            if (found or not offset) and (limit is None or len(found) < limit):
                total = offset + len(found)
            else:
                total = self._count(connection, where, counted, metric)
            best = {row.address for row in found if row.is_best}
            if not self._access.administrator:
                best |= self._best_seen(connection, found)
        return [{**row.item, "is_best": row.address in best} for row in found], total

    def _page(
        self, connection: Connection, matching: ColumnElement[bool], offset: int, limit: int | None
    ) -> Sequence[Any]:
        """The rows of a page, with their items."""
        page = select(model_versions.c.n).where(matching).order_by(*ORDER).offset(offset).limit(limit).subquery()
        query = (
            select(version_items.c.item, model_versions.c.is_best, model_versions.c.line, model_versions.c.address)
            .join(version_items, version_items.c.version == model_versions.c.n)
            .join(page, page.c.n == model_versions.c.n)
            .order_by(*ORDER)
        )
        return connection.execute(query).all()

    def _count(
        self,
        connection: Connection,
        where: Sequence[ColumnElement[bool]],
        within: Sequence[ColumnElement[bool]],
        metric: Bound | None,
    ) -> int:
        """How many rows match."""
        query = select(func.count()).select_from(model_versions).where(and_(True, *where, *within))
        if metric is not None and all(isinstance(each, True_) for each in where):
            query = select(func.count()).select_from(version_metrics).where(_keeps(metric))
        return connection.execute(query).scalar_one()

    def _within(
        self, connection: Connection, metric: Bound | None
    ) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
        """The condition of a bound as it is quickest for finding a page, and for counting."""
        if metric is None:
            return [], []
        keeps = _keeps(metric)
        some = select(version_metrics.c.version).where(keeps).limit(FEW + 1).subquery()
        among = model_versions.c.n.in_(select(version_metrics.c.version).where(keeps))
        if connection.execute(select(func.count()).select_from(some)).scalar_one() <= FEW:
            return [among], [among]
        # There are so many that going down the list soon fills a page.
        return [exists().where(keeps, version_metrics.c.version == model_versions.c.n)], [among]

    def sizes(self) -> dict[str, int]:
        """The bytes of all versions that are not in the archive, by their addresses."""
        query = select(model_versions.c.address, model_versions.c.bytes).where(model_versions.c.archived.is_(False))
        with self._database.read() as connection:
            return {row.address: row.bytes for row in connection.execute(query)}

    def known(self) -> dict[str, str]:
        """The stamps of all rows, by their addresses."""
        with self._database.read() as connection:
            rows = connection.execute(select(model_versions.c.address, model_versions.c.stamp))
            return {row.address: row.stamp for row in rows}

    def of(self, places: Collection[str]) -> set[str]:
        """The addresses of the rows of these versions and lines."""
        found: set[str] = set()
        with self._database.read() as connection:
            for some in version_rows.portions(list(places)):
                named = model_versions.c.address.in_(some) | model_versions.c.line.in_(some)
                found |= set(connection.execute(select(model_versions.c.address).where(named)).scalars())
        return found

    def replace(
        self, gone: Iterable[str], new: Iterable[Mapping[str, Any]], stamps: Mapping[str, str] | None = None
    ) -> None:
        """Removes the rows of `gone`, adds or replaces those of `new` (list items), finds the best of each line anew.

        `stamps` are those of the files, by address.
        """
        with self._database.write() as connection:
            version_rows.put(connection, list(gone), list(new), stamps or {})

    def seen(self) -> int:
        """The number of the newest change of the store that the rows follow."""
        with self._database.read() as connection:
            return version_rows.followed(connection)

    def see(self, number: int) -> None:
        """Remembers that the rows follow the store up to this change."""
        with self._database.write() as connection:
            version_rows.follow(connection, number)

    def distrust(self) -> None:
        """Lets every row be taken for stale, so that the next full look reads all versions again."""
        with self._database.write() as connection:
            version_rows.distrust(connection)

    def _best_seen(self, connection: Connection, rows: Sequence[Any]) -> set[str]:
        """The address of the best version of each line of the rows among those that the user sees.

        Where the user sees the best of all, it is that one.
        """
        lines = {row.line for row in rows} - {row.line for row in rows if row.is_best}
        seen = self._access.where(model_versions.c.project, model_versions.c.owner)
        shown = select(model_versions.c.line).where(model_versions.c.line.in_(lines), model_versions.c.is_best, seen)
        hidden = lines - set(connection.execute(shown).scalars())
        return version_rows.best_of_lines(connection, hidden, seen)


def _keeps(metric: Bound) -> ColumnElement[bool]:
    """That a row of `version_metrics` is one that keeps the bound."""
    within: ColumnElement[bool] = OPERATORS[metric.operator](version_metrics.c.value, metric.value)
    return and_(version_metrics.c.name == metric.metric, within)
