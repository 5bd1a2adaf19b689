"""Lists of versions from the folders themselves, where there is no database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tidebook.abc import Bound, Store
from tidebook.core.errors import DataFault, NotFound
from tidebook.core.scope import Address
from tidebook.registry.aliases import by_version, read
from tidebook.registry.best import best_of, number
from tidebook.registry.bounds import holds
from tidebook.registry.item import address_of, moment, read_item

MAX_NOTES, MAX_WORDS = 500, 4_000  #: characters that a search looks through
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
        metric: Bound | None = None,
        alias: str | None = None,
        archived: bool | None = None,
        offset: int = 0,
        limit: int | None = None,
    ) -> tuple[list[dict[str, Any]], int]:
        """Versions newest first, from `offset`, at most `limit`; and how many match in all.

        `search` is a part of the address, description, run name, an id, alias, tag or the notes, in any case.
        """
        lines: dict[str, list[dict[str, Any]]] = {}
        named: dict[str, dict[str, list[str]]] = {}
        for address in self._addresses(mode or ""):
            wanted = {"scope": scope, "model_type": model_type, "aggregation": aggregation}
            if all(value is None or getattr(address, name) == value for name, value in wanted.items()):
                if address.folder not in named:
                    named[address.folder] = by_version(read(self._store, address.folder))
                lines.setdefault(address.folder, []).extend(self._read(address, named[address.folder]))
        found = []
        for items in lines.values():
            mark_best(items)
            found += [
                item
                for item in items
                if (project is None or item["project"] == project)
                and (metric is None or holds(metric, item))
                and (alias is None or alias in item["aliases"])
                and (archived is None or archived is (item["archived"] is not None))
                and (search is None or matches(item, search))
            ]
        found.sort(key=lambda item: (moment(item), number(item), item["address"]), reverse=True)
        return found[offset : None if limit is None else offset + limit], len(found)

    def line(self, line: Address) -> list[dict[str, Any]]:
        """The versions of one line, the highest number first, the best one marked."""
        items = []
        named = by_version(read(self._store, line.folder))
        for address in self._addresses(line.folder):
            if address.folder == line.folder:
                items += self._read(address, named)
        mark_best(items)
        return sorted(items, key=number, reverse=True)

    def lines(self) -> set[Address]:
        """The addresses of all lines that have a version."""
        seen = (address for address in self._addresses("") if self._sees is None or self._read(address))
        return {Address.parse(address.folder) for address in seen}

    def _read(self, address: Address, named: Mapping[str, Sequence[str]] | None = None) -> list[dict[str, Any]]:
        """The item of a version; nothing for one that is not seen, is damaged, or deleted while the list is made."""
        try:
            item = read_item(self._store, address, named)
        except (NotFound, DataFault):
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


def matches(item: Mapping[str, Any], search: str) -> bool:
    """Whether `search` is part of what people know the version by."""
    return search.casefold() in words(item)


def words(item: Mapping[str, Any]) -> str:
    """The texts that people know a version by, in lower case; of long notes the beginning."""
    told = [item["address"], item["description"], item["run_name"] or "", *item["product_ids"], *item["store_ids"]]
    tags = [f"{key}={value}" for key, value in item["tags"].items()]
    found: list[str] = []
    for text in map(str, (*told, *item["aliases"], *tags, item["notes"][:MAX_NOTES])):
        if not any(text in other for other in found):
            found.append(text)
    return "\n".join(found)[:MAX_WORDS].casefold().replace("\0", " ")
