"""Lists of versions from the folders themselves, where there is no database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tidebook.abc import Store
from tidebook.core.errors import NotFound
from tidebook.core.scope import Address
from tidebook.registry.best import best_of, number
from tidebook.registry.item import address_of, moment, read_item

Sees = Callable[[str, str | None], bool]  #: whether somebody sees a version of this project and owner


class ScanIndex:
    """The Index that reads every folder each time it is asked. Folders that are no versions are passed over.

    With `sees`, versions that somebody does not see are not there either.
    """

    def __init__(self, store: Store, sees: Sees | None = None) -> None:
        self._store, self._sees = store, sees

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
        """Versions newest first, from `offset`, at most `limit`; and how many match in all.

        `search` is a part of the address, description, run name or an id, in any case.
        """
        lines: dict[str, list[dict[str, Any]]] = {}
        for address in self._addresses(mode or ""):
            wanted = {"scope": scope, "model_type": model_type, "aggregation": aggregation}
            if all(value is None or getattr(address, name) == value for name, value in wanted.items()):
                lines.setdefault(address.identifier, []).extend(self._read(address))
        found = []
        for items in lines.values():
            mark_best(items)
            of_project = [item for item in items if project is None or item["project"] == project]
            found += [item for item in of_project if search is None or matches(item, search)]
        found.sort(key=lambda item: (moment(item), number(item), item["address"]), reverse=True)
        return found[offset : None if limit is None else offset + limit], len(found)

    def line(self, line: Address) -> list[dict[str, Any]]:
        """The versions of one line, the highest number first, the best one marked."""
        items = []
        for address in self._addresses(line.folder):
            if address.folder == line.folder:
                items += self._read(address)
        mark_best(items)
        return sorted(items, key=number, reverse=True)

    def lines(self) -> set[Address]:
        """The addresses of all lines that have a version."""
        seen = (address for address in self._addresses("") if self._sees is None or self._read(address))
        return {Address.parse(address.folder) for address in seen}

    def _read(self, address: Address) -> list[dict[str, Any]]:
        """The item of a version; nothing for one that is not seen, or deleted while the list is made."""
        try:
            item = read_item(self._store, address)
        except NotFound:
            return []
        return [item] if self._sees is None or self._sees(item["project"], item["owner"]) else []

    def _addresses(self, prefix: str) -> Iterator[Address]:
        for tree in self._store.trees(prefix):
            address = address_of(tree)
            if address is not None:
                yield address


def mark_best(items: list[dict[str, Any]]) -> None:
    """Sets `is_best` of the versions of one line."""
    best = best_of(items)
    for item in items:
        item["is_best"] = item is best


def matches(item: dict[str, Any], search: str) -> bool:
    """Whether `search` is part of what people know the version by."""
    texts = [item["address"], item["description"], item["run_name"] or "", *item["product_ids"], *item["store_ids"]]
    return any(search.casefold() in str(text).casefold() for text in texts)
