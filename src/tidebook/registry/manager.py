"""ModelManager: publishes versions, lists them, names them, deletes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.core.scope import Address
from tidebook.registry import aliases, bounds, guard, journal, labels, versions
from tidebook.registry.bundle import unpack
from tidebook.registry.deciding import Deciding
from tidebook.registry.flat import take_in_file
from tidebook.registry.item import ARCHIVED
from tidebook.registry.names import Names
from tidebook.registry.naming import BadName, check_mode, line_at
from tidebook.registry.publish import publish
from tidebook.registry.reader import Reader
from tidebook.store import LocalStore, open_store

if TYPE_CHECKING:
    from tidebook.abc import Index, Store
    from tidebook.core.settings import Settings
    from tidebook.registry.scan import Sees

PAGE_SIZE = 20
MAX_PAGE_SIZE = 1000

Referring = Callable[[Sequence[str]], Mapping[str, int]]  #: how many kept forecasts refer to each of some versions


class ModelManager(Names):
    """The registry over a store: that of `settings`, the folder or the store that is given instead.

    `index` answers lists; without one the folders are scanned. The files are the truth in either case. With `sees`,
    which is asked with project and owner, versions that somebody does not see do not exist here. `referring` counts
    the forecasts that keep a version from being deleted; without one those of the settings' home are looked through.
    `model_dir` is another name for a folder; where nothing is given, the settings of the environment hold.
    """

    def __init__(
        self,
        where: Settings | Store | Path | str | None = None,
        index: Index | None = None,
        sees: Sees | None = None,
        referring: Referring | None = None,
        *,
        model_dir: Path | str | None = None,
    ) -> None:
        settings: Settings | None = None
        where = _place(where, model_dir)
        if isinstance(where, Path | str):
            store: Store = LocalStore(where)
        elif hasattr(where, "saved_models"):
            settings = cast("Settings", where)
            store = open_store(settings)
        else:
            store = where
        super().__init__(store, sees, settings, index)
        self._referring = referring or _of_home(settings)

    # ---- publishing

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
        run_folder, line = Path(run_folder), line_at(line)
        above = versions.read(self.store).get(line.identifier, 0)
        address = publish(
            self.store, run_folder, line, metadata, files or {}, publish_id or run_folder.name, above=above
        )
        self._appeared(address)
        return address

    def import_file(self, source: Path | str) -> tuple[Address, bool]:
        """Adds a version from a file of `registry.bundle`, or from a flat file such as kan_product_P001_v1.pth.

        It gets its own number or, where that was ever given, the next one. Returns its address, and whether it is new.
        """
        source = Path(source)
        address, is_new = (take_in_file if source.suffix == ".pth" else unpack)(self.store, source)
        self._appeared(address)
        return address, is_new

    # ---- what people say of versions

    def set_alias(
        self,
        address: Address | str,
        alias: str,
        *,
        by: str | None = None,
        reason: str = "",
        check: aliases.Check = lambda address: None,
    ) -> None:
        """Gives a version the alias; another version of its line loses it, and the history tells.

        `check` is called with the address of the version that is about to lose it, and may raise.
        """
        address = self.version(address)
        self._manifest(address)
        aliases.put(self.store, address, alias, by=by or getuser(), reason=reason, check=check)
        journal.note(self.store, [address.folder])

    def remove_alias(
        self,
        line: Address | str,
        alias: str,
        *,
        by: str | None = None,
        reason: str = "",
        check: aliases.Check = lambda address: None,
    ) -> None:
        """Takes the alias off the version that has it; NotFound where none has. `check` as for `set_alias`."""
        line = line_at(line)
        aliases.remove(self.store, line, alias, by=by or getuser(), reason=reason, check=check)
        journal.note(self.store, [line.folder])

    def label(
        self, address: Address | str, *, tag: Mapping[str, str | None] | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Changes tags, notes, pinned, project or owner, and returns the list item as it is then.

        `tags` replaces all tags; `tag` adds to them or overwrites, and removes where the value is None.
        """
        address = self.version(address)
        self._manifest(address)
        labels.change(self.store, address, changes, tag)
        journal.note(self.store, [str(address)])
        return {**self.item(address), "is_best": self.best(address) == address}

    # ---- deleting

    def kept_by(self, address: Address | str) -> list[str]:
        """Why a version is not deleted without force, see `registry.guard`; [] where nothing speaks against it."""
        address = self.version(address)
        item = {**self.item(address), "is_best": Reader(self.store).best(address) == address}
        return guard.reasons(item, forecasts=self._referring([str(address)]).get(str(address), 0))

    def delete(self, address: Address | str, reason: str = "", *, force: bool = False, by: str | None = None) -> None:
        """Removes a version for good; its number is not used again. NotFound where there is none.

        Conflict, with `reasons` in its details, where it is the best of its line, has an alias, is pinned or a saved
        forecast refers to it; with `force` and a reason it goes nevertheless, and its aliases with it.
        """
        address = self.version(address)
        if force and not reason.strip():
            raise InvalidInput("What is deleted by force must have a reason", got="none", fix="Say why.")
        said = reason.strip() or "deleted by a user"
        if isinstance(self.store, Deciding):
            self.store.delete(str(address), said, force=force)
            return
        try:
            self.store.manifest(str(address))
        except NotFound:
            self.store.delete(str(address), said)  # Finishes what a killed deletion began, or says what is amiss.
        else:
            self._manifest(address)
            if not force and (kept := self.kept_by(address)):
                raise Conflict(
                    "A version that is in use must not be deleted without force",
                    got=f"{address}, which is {guard.spoken(kept)}",
                    fix="Delete it by force and say why, or free it first.",
                    reasons=kept,
                )
            archived = self.store.record(str(address), ARCHIVED)
            delete = partial(self.store.delete, str(address), said)
            aliases.free(self.store, address, delete, by=by or getuser(), reason=said, forced=force)
            if archived is not None:
                self._forget(address, archived)
        versions.raise_to(self.store, {address.identifier: self.store.newest(address.folder)})
        journal.note(self.store, [str(address)])

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
        metric: str | None = None,
        alias: str | None = None,
        archived: bool | None = None,
    ) -> dict[str, Any]:
        """`{models, pagination: {total, page, page_size, total_pages}}`, newest first; without `page` all of them.

        `metric` is a bound such as `wape <= 0.1`; `archived` chooses those whose files are in the archive, or not.
        ValueError for a mode that there is not.
        """
        if mode is not None:
            check_mode(mode)
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
            metric=None if metric is None else bounds.parse(metric),
            alias=alias,
            archived=archived,
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

    def _appeared(self, address: Address) -> None:
        versions.raise_to(self.store, {address.identifier: address.version or 0})
        journal.note(self.store, [str(address)])

    def _restored(self, address: Address) -> None:
        journal.note(self.store, [str(address)])


def _place(where: Settings | Store | Path | str | None, model_dir: Path | str | None) -> Settings | Store | Path | str:
    """What versions lie in, of the two ways to say it."""
    if where is not None and model_dir is not None:
        raise BadName("A registry must be in one place", got="where and model_dir", fix="Leave one of the two out.")
    if model_dir is not None:
        return Path(model_dir)
    if where is not None:
        return where
    from tidebook.core.settings import Settings

    return Settings()


def _of_home(settings: Settings | None) -> Referring:
    """What counts the forecasts of a home; without one there are none."""
    if settings is None:
        return lambda addresses: {}
    from tidebook.registry.references import References

    return References(settings).of
