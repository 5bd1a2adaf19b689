"""Finding versions: by name, by address, by alias."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook.core.errors import DataFault, InvalidInput, NotFound, nearest
from tidebook.core.scope import Address, split_alias
from tidebook.registry import aliases
from tidebook.registry.best import number
from tidebook.registry.compare import compare
from tidebook.registry.item import Beside, beside, make_item, read_object
from tidebook.registry.lineage import lineage
from tidebook.registry.naming import line_at
from tidebook.registry.scan import ScanIndex, Sees

if TYPE_CHECKING:
    from tidebook.abc import Index, Store
    from tidebook.core.settings import Settings

logger = logging.getLogger(__name__)

SHOWN = 1000  #: versions of a line that its form holds


class Reader:
    """The versions of a store. With `sees`, those that somebody does not see do not exist here.

    Wherever an address is taken, a text may name the version by an alias: `product/P001_all/lstm@production`.
    """

    def __init__(
        self, store: Store, sees: Sees | None = None, settings: Settings | None = None, index: Index | None = None
    ) -> None:
        self.store = store
        self._scan, self._sees = ScanIndex(store, sees), sees
        self._index = index or self._scan
        self._runs = settings.out if settings else None
        self._archive = settings.archive_place if settings else None

    # ---- which version

    def version(self, address: Address | str) -> Address:
        """The address of one version; InvalidInput for that of a line, NotFound for an alias that names none."""
        if isinstance(address, str):
            line, alias = split_alias(address)
            address = Address.parse(line) if alias is None else self.resolve(line, alias)
        if address.version is None:
            raise InvalidInput(
                "The address of a version must end in /v{N} or @{alias}",
                got=str(address),
                fix=f"Write for example {address}/v1, or resolve best or latest first.",
            )
        return address

    def resolve(self, line: Address | str, version: str = "best") -> Address:
        """The version of `line` that `version` means: best, latest, vN or an alias. NotFound names those there are;
        DataFault where none is best, because none can be loaded.

        Where `line` is the address of one version already, or names one by an alias, best means that one, and
        another is refused.
        """
        version = version.removeprefix("@")
        if isinstance(line, str):
            text, alias = split_alias(line)
            line = Address.parse(text)
            if alias is not None:
                version = _only(f"{text}@{alias}", alias, version)
        if line.version is not None:
            version = _only(str(line), f"v{line.version}", version)
        items = self._scan.line(line)
        if not items:
            known = sorted(str(other) for other in self._scan.lines())
            raise NotFound(
                "A model must have been published to be used",
                got=f"no version of {line.folder}",
                fix=nearest(line.folder, known),
            )
        for item in items:
            if (
                version in {"latest", item["version"]}
                or (version == "best" and item["is_best"])
                or version in item["aliases"]
            ):
                return Address.parse(item["address"])
        if version == "best":  # None can be loaded.
            raise DataFault(
                "The best version of a model must be one that can be loaded",
                got=f"{items[0]['address']}: {str(items[0]['problem']).rstrip('.')}",
                fix=f"{line.folder} has {_listed(items)}.",
            )
        if version.startswith("v") and version[1:].isdigit():
            self._manifest(Address.parse(f"{line.folder}/{version}"))
        given = sorted({alias for item in items for alias in item["aliases"]})
        raise NotFound(
            "version must be best, latest, v followed by a number, or an alias",
            got=repr(version[:80]),
            fix=f"{line.folder} has {_listed(items)}" + (f" and the aliases {', '.join(given)}." if given else "."),
        )

    def best(self, line: Address | str) -> Address | None:
        """The best version of a line, see `registry.best`; None where it has none."""
        best = next((item for item in self._scan.line(line_at(line)) if item["is_best"]), None)
        return Address.parse(best["address"]) if best else None

    def latest(self, line: Address | str) -> Address | None:
        """The version of a line with the highest number; None where it has none."""
        newest = next(iter(self._scan.line(line_at(line))), None)
        return Address.parse(newest["address"]) if newest else None

    # ---- what it is

    def item(self, address: Address | str) -> dict[str, Any]:
        """The list item of a version, `is_best` still False; NotFound where it is deleted or never was."""
        return self._read(self.version(address))[2]

    def items(self, addresses: Iterable[Address | str]) -> list[dict[str, Any]]:
        """The list items of those of the versions that are there, `is_best` still False."""
        found = []
        for address in addresses:
            with suppress(NotFound):
                found.append(self.item(address))
        return found

    def get(self, address: Address | str) -> dict[str, Any]:
        """The list item of a version and what it holds.

        That is `files`, `metadata`, `config`, `eval_results`, `history`, `backtest` and `lineage`. NotFound where it is
        deleted, also while it is read, or never was. Of an archived one, whose files stay where they are, what they
        say is empty.
        """
        address = self.version(address)
        manifest, metadata, item = self._read(address)
        best = [each["address"] for each in self._items(line_at(address)) if each["is_best"]]
        return {
            **item,
            "is_best": best == [item["address"]],
            "files": manifest["files"],
            "metadata": metadata,
            "config": read_object(self.store, address, "config.json"),
            "eval_results": read_object(self.store, address, "eval_results.json"),
            "history": history if isinstance(history := metadata.get("history"), list) else [],
            "backtest": read_object(self.store, address, "backtest.json") or None,
            "lineage": lineage(metadata, self._runs),
        }

    def compare(self, a: Address | str, b: Address | str) -> dict[str, Any]:
        """What changed from version `a` to version `b`: `{a, b, files, hyperparameters, metrics, facts}`."""
        return compare(self.get(a), self.get(b))

    def aliases(self, line: Address | str) -> dict[str, Any]:
        """`{aliases: {name: {version, by, at, reason}}, history: […]}` of a line, whoever sees its versions."""
        return aliases.read(self.store, line_at(line).folder)

    def line(self, line: Address | str) -> dict[str, Any]:
        """All that is known of a line: `{line, identifier, best, latest, aliases, history, versions, total}`.

        Versions are oldest first, the newest 1,000 at most. Aliases of versions that are not seen are left out.
        """
        address = line_at(line)
        items = self._items(address)
        seen = {item["version"] for item in items}
        content = self.aliases(address)
        events = content["history"]
        if self._sees is not None:
            events = [event for event in events if {event["version"], event["previous"]} <= {*seen, None}]
        return {
            "line": address.folder,
            "identifier": address.identifier,
            "best": next((item["version"] for item in items if item["is_best"]), None),
            "latest": items[0]["version"] if items else None,
            "aliases": [
                {"alias": name, **entry}
                for name, entry in sorted(content["aliases"].items())
                if entry["version"] in seen
            ],
            "history": events,
            "versions": items[:SHOWN][::-1],
            "total": len(items),
        }

    def _items(self, line: Address) -> list[dict[str, Any]]:
        """The versions of a line as lists show them, the highest number first."""
        if self._index is self._scan:
            return self._scan.line(line)
        found, _ = self._index.versions(
            mode=line.mode, scope=line.scope, model_type=line.model_type, aggregation=line.aggregation
        )
        return sorted(found, key=number, reverse=True)

    # ---- its files

    def path(self, address: Address | str) -> Path:
        """A local folder of a version, to be read only; NotFound where it is deleted, incomplete or absent."""
        address = self.version(address)
        self._manifest(address)
        self._restore(address)
        return self.store.folder(str(address))

    def open(self, address: Address | str, name: str) -> Path:
        """The local path of one file of a version; NotFound where there is no such version or file."""
        address = self.version(address)
        self._manifest(address)
        self._restore(address, name)
        return self.store.open(str(address), name)

    def _restore(self, address: Address, name: str | None = None) -> None:
        """Brings an archived version back before its files, or this one of them, are read."""
        record = self.store.record(str(address), "archived.json")
        if record is None or (name is not None and name not in record.get("files", ())):
            return
        from tidebook.store.archiving import restore_tree

        if restore_tree(self.store, str(address), archive=self._archive):
            logger.warning("%s was brought back from the archive at %s", address, record.get("url"))
            self._restored(address)

    def _forget(self, address: Address, record: dict[str, Any]) -> None:
        """Removes what the archive holds of a version that was deleted; where it is away, fsck finds it later."""
        from tidebook.store.archiving import forget_tree

        forget_tree(self.store, str(address), record, self._archive)

    def _restored(self, address: Address) -> None:
        """Called when a version is back from the archive."""

    def _read(self, address: Address) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Manifest, metadata and list item of a version."""
        manifest, metadata, stands = self._whole(address)
        item = make_item(address, manifest, metadata, self.store.location(str(address)), stands)
        if item["archived"] is not None and self._archive is not None:
            from tidebook.store.place import here

            url = str(item["archived"]["url"] or "")
            item["archived"]["url"] = here(url, self._archive, "version", str(address))
        return manifest, metadata, item

    def _manifest(self, address: Address) -> dict[str, Any]:
        """The manifest of a version that is seen."""
        try:
            return self.store.manifest(str(address)) if self._sees is None else self._seen(address, self._sees)[0]
        except NotFound as error:
            raise self._absent(address, error) from error

    def _whole(self, address: Address) -> tuple[dict[str, Any], dict[str, Any], Beside]:
        try:
            if self._sees is not None:
                return self._seen(address, self._sees)
            manifest = self.store.manifest(str(address))
            metadata = read_object(self.store, address, "metadata.json")
            return manifest, metadata, beside(self.store, address, manifest)
        except NotFound as error:
            raise self._absent(address, error) from error

    def _seen(self, address: Address, sees: Sees) -> tuple[dict[str, Any], dict[str, Any], Beside]:
        """The version; one error for what is absent, deleted or hidden, so that it does not tell which."""
        with suppress(NotFound):
            manifest = self.store.manifest(str(address))
            metadata = read_object(self.store, address, "metadata.json")
            stands = beside(self.store, address, manifest)
            whose = stands.belonging(metadata)
            if sees(whose.project, whose.owner):
                return manifest, metadata, stands
        raise NotFound("The version must exist", got=f"{address}, which does not exist", fix="")

    def _absent(self, address: Address, error: NotFound) -> NotFound:
        others = _listed(self._scan.line(address))
        fix = f"{address.folder} has {others}." if others else "List the versions with `tidebook models list`."
        return NotFound(error.rule, got=error.got, fix=fix)


def _listed(items: list[dict[str, Any]]) -> str:
    names = [str(item["version"]) for item in items]
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _only(named: str, own: str, version: str) -> str:
    """The version that an address names by itself; InvalidInput where another one is asked for as well."""
    if version not in {"best", own}:
        raise InvalidInput(
            "The address of one version must not come with another",
            got=f"{named} and version {version}",
            fix="Leave one of the two out.",
        )
    return own
