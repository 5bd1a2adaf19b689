"""ModelManager: publishes versions, lists them, finds the one that is asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook.abc import Index
from tidebook.core.errors import InvalidInput, NotFound, nearest
from tidebook.core.scope import AGGREGATIONS, MODES, Address, identifier
from tidebook.records.belonging import belonging
from tidebook.registry import versions
from tidebook.registry.item import make_item, read_object
from tidebook.registry.publish import publish
from tidebook.registry.scan import ScanIndex, Sees
from tidebook.store import LocalStore, open_store

if TYPE_CHECKING:
    from tidebook.core.settings import Settings

PAGE_SIZE = 20
MAX_PAGE_SIZE = 1000


class BadName(InvalidInput, ValueError):
    """Mode, scope or aggregation do not make the name of a model."""

    slug = "invalid-name"


class ModelManager:
    """The registry over a store: that of `settings`, or the folder that is given instead.

    `index` answers lists; without one the folders are scanned. The files are the truth in either case. With `sees`,
    which is asked with project and owner, versions that somebody does not see do not exist here.
    """

    def __init__(
        self, settings_or_root: Settings | Path | str, index: Index | None = None, sees: Sees | None = None
    ) -> None:
        where = settings_or_root
        self.store = LocalStore(where) if isinstance(where, Path | str) else open_store(where)
        self._scan, self._sees = ScanIndex(self.store, sees), sees
        self._index = index or self._scan

    # ---- names

    def get_model_identifier(
        self, model_type: str, training_mode: str, scope: str, aggregation_method: str | None = None
    ) -> str:
        """`product_P001_all_lstm`; in global mode `global_all_sum_lstm`."""
        line = _line(model_type, training_mode, scope, aggregation_method)
        return identifier(line.mode, line.scope, line.model_type, line.aggregation)

    def get_next_version_number(self, model_identifier: str) -> int:
        """The number that the next version will get; deleted ones and abandoned claims are not used again."""
        known = versions.read(self.store.root).get(model_identifier, 0)
        return max(known, self._newest().get(model_identifier, 0)) + 1

    def get_model_version_path(
        self,
        model_type: str,
        version: int,
        training_mode: str,
        scope: str,
        aggregation_method: str | None = None,
    ) -> Path:
        """The folder of a version, whether it exists or not. ValueError for a mode or scope that cannot be."""
        return self.store.root / _line(model_type, training_mode, scope, aggregation_method).folder / f"v{version}"

    # ---- publishing and deleting

    def publish(
        self,
        run_folder: Path,
        line: Address | str,
        metadata: Mapping[str, Any],
        files: Mapping[str, Path] | None = None,
        publish_id: str | None = None,
    ) -> Address:
        """Makes the final model of a run the next version of `line`, with `files` (figures) beside it.

        `metadata` becomes metadata.json; what the path says is put into it. The version appears at once and whole, or
        not at all. A second call with the same `publish_id` (default: the run's name) finishes what a killed one
        began, and gives the same address where that one had finished.
        """
        run_folder, line = Path(run_folder), _address(line)
        line = Address.parse(line.folder)
        above = versions.read(self.store.root).get(line.identifier, 0)
        address = publish(
            self.store, run_folder, line, metadata, files or {}, publish_id or run_folder.name, above=above
        )
        versions.raise_to(self.store.root, {line.identifier: address.version or 0})
        return address

    def delete(self, address: Address | str, reason: str = "deleted by a user") -> None:
        """Removes a version for good; its number is not used again. NotFound where there is none."""
        address = _version(address)
        self.store.delete(str(address), reason)
        versions.raise_to(self.store.root, {address.identifier: self.store.newest(address.folder)})

    def rebuild_versions(self) -> dict[str, int]:
        """Makes versions.json anew from the folders, and returns it."""
        versions.raise_to(self.store.root, self._newest())
        return versions.read(self.store.root)

    # ---- finding

    def list_models(
        self,
        page: int | None = None,
        page_size: int | None = None,
        *,
        mode: str | None = None,
        model_type: str | None = None,
        scope: str | None = None,
        aggregation: str | None = None,
        search: str | None = None,
        project: str | None = None,
    ) -> dict[str, Any]:
        """`{models, pagination: {total, page, page_size, total_pages}}`, newest first; without `page` all of them."""
        if page is not None:
            page_size = PAGE_SIZE if page_size is None else page_size
            if page < 1 or not 1 <= page_size <= MAX_PAGE_SIZE:
                raise InvalidInput(
                    f"page must be at least 1 and page_size 1 to {MAX_PAGE_SIZE}",
                    got=f"page {page}, page_size {page_size}",
                    fix="Ask for page 1 first; its pagination says how many there are.",
                )
        found, total = self._index.versions(
            mode=mode,
            scope=scope,
            model_type=model_type,
            aggregation=aggregation,
            search=search,
            project=project,
            offset=0 if page is None or page_size is None else (page - 1) * page_size,
            limit=None if page is None else page_size,
        )
        size = total if page is None or page_size is None else page_size
        return {
            "models": found,
            "pagination": {
                "total": total,
                "page": page or 1,
                "page_size": size,
                "total_pages": math.ceil(total / size) if size else 1,
            },
        }

    def item(self, address: Address | str) -> dict[str, Any]:
        """The list item of a version, `is_best` still False; NotFound where it is deleted or never was."""
        return self._read(_version(address))[2]

    def get(self, address: Address | str) -> dict[str, Any]:
        """The list item of a version with `files`, `metadata`, `config`, `eval_results`, `history` and `backtest`.

        NotFound where the version is deleted, also while it is read, or never was.
        """
        address = _version(address)
        manifest, metadata, item = self._read(address)
        best = self.best(address)
        return {
            **item,
            "is_best": best == address,
            "files": manifest["files"],
            "metadata": metadata,
            "config": read_object(self.store, address, "config.json"),
            "eval_results": read_object(self.store, address, "eval_results.json"),
            "history": metadata.get("history") or [],
            "backtest": read_object(self.store, address, "backtest.json") or None,
        }

    def resolve(self, line: Address | str, version: str = "best") -> Address:
        """The version of `line` that `version` means: best, latest or vN. NotFound names those there are.

        Where `line` is the address of one version already, best means that one, and another is refused.
        """
        line = _address(line)
        if line.version is not None:
            own = f"v{line.version}"
            if version not in {"best", own}:
                raise InvalidInput(
                    "The address of one version must not come with another",
                    got=f"{line} and version {version}",
                    fix="Leave one of the two out.",
                )
            version = own
        items = self._scan.line(line)
        if not items:
            known = sorted(str(other) for other in self._scan.lines())
            raise NotFound(
                "A model must have been published to be used",
                got=f"no version of {line.folder}",
                fix=nearest(line.folder, known),
            )
        for item in items:
            if version == "latest" or version == item["version"] or (version == "best" and item["is_best"]):
                return Address.parse(item["address"])
        if version.startswith("v"):
            self._manifest(Address.parse(f"{line.folder}/{version}"))
        raise InvalidInput(
            "version must be best, latest or v followed by a number",
            got=repr(version),
            fix=f"{line.folder} has {_listed(items)}.",
        )

    def best(self, line: Address | str) -> Address | None:
        """The best version of a line, see `registry.best`; None where it has none."""
        best = next((item for item in self._scan.line(_address(line)) if item["is_best"]), None)
        return Address.parse(best["address"]) if best else None

    def latest(self, line: Address | str) -> Address | None:
        """The version of a line with the highest number; None where it has none."""
        newest = next(iter(self._scan.line(_address(line))), None)
        return Address.parse(newest["address"]) if newest else None

    def path(self, address: Address | str) -> Path:
        """The local folder of a version; NotFound where it is deleted, incomplete or absent."""
        address = _version(address)
        self._manifest(address)
        return self.store.folder(str(address))

    def open(self, address: Address | str, name: str) -> Path:
        """The local path of one file of a version; NotFound where there is no such version or file."""
        address = _version(address)
        self._manifest(address)
        return self.store.open(str(address), name)

    def _read(self, address: Address) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Manifest, metadata and list item of a version."""
        manifest = self._manifest(address)
        metadata = read_object(self.store, address, "metadata.json")
        return manifest, metadata, make_item(address, manifest, metadata, self.store.location(str(address)))

    def _newest(self) -> dict[str, int]:
        """The highest number ever given, for each identifier."""
        newest: dict[str, int] = {}
        for folder in self.store.lines():
            with suppress(InvalidInput):  # A folder of something else, such as files/.
                line = Address.parse(folder)
                newest[line.identifier] = max(newest.get(line.identifier, 0), self.store.newest(folder))
        return newest

    def _manifest(self, address: Address) -> dict[str, Any]:
        try:
            return self.store.manifest(str(address)) if self._sees is None else self._seen(address, self._sees)
        except NotFound as error:
            others = _listed(self._scan.line(address))
            fix = f"{address.folder} has {others}." if others else "List the versions with `tidebook models list`."
            raise NotFound(error.rule, got=error.got, fix=fix) from error

    def _seen(self, address: Address, sees: Sees) -> dict[str, Any]:
        """The manifest; one error for what is absent, deleted or hidden, so that it does not tell which."""
        with suppress(NotFound):
            manifest = self.store.manifest(str(address))
            whose = belonging(read_object(self.store, address, "metadata.json"))
            if sees(whose.project, whose.owner):
                return manifest
        raise NotFound("The version must exist", got=f"{address}, which does not exist", fix="")


def _listed(items: list[dict[str, Any]]) -> str:
    names = [str(item["version"]) for item in items]
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _address(value: Address | str) -> Address:
    return Address.parse(value) if isinstance(value, str) else value


def _version(value: Address | str) -> Address:
    address = _address(value)
    if address.version is None:
        raise InvalidInput(
            "The address of a version must end in /v{N}",
            got=str(address),
            fix=f"Write for example {address}/v1, or resolve best or latest first.",
        )
    return address


def _line(model_type: str, training_mode: str, scope: str, aggregation_method: str | None) -> Address:
    if training_mode not in MODES:
        raise BadName(f"training_mode must be one of {', '.join(MODES)}", got=training_mode, fix="Choose one of these.")
    if not scope or not model_type:
        raise BadName(
            f"{training_mode.capitalize()} mode needs a scope and a model_type",
            got=f"scope {scope!r}, model_type {model_type!r}",
            fix="Give a scope such as P001_all.",
        )
    if training_mode == "global" and aggregation_method not in AGGREGATIONS:
        raise BadName(
            f"In global mode aggregation_method must be one of {', '.join(AGGREGATIONS)}",
            got=aggregation_method,
            fix="Choose one of these.",
        )
    middle = [str(aggregation_method)] if training_mode == "global" else []
    return Address.parse("/".join([training_mode, scope, *middle, model_type]))
