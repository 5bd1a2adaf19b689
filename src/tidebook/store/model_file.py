"""ModelFile: the files of a model, kept in the central store under its name and version."""

from __future__ import annotations

from pathlib import Path

from tidebook.abc import Store
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.scope import MODES, Address
from tidebook.records import aliases
from tidebook.store.center import center
from tidebook.store.local import FILES
from tidebook.store.naming import check_name
from tidebook.store.pipe import FilePipe
from tidebook.store.published import VersionPipe

LATEST, BEST = "latest", "best"


class ModelFile:
    """The files of version `version` of the model `model_name`, at `center_path`.

    `center_path` is a folder, an S3 or OSS URL, or the address of a Tidebook server; by default what `filecfg` (a JSON
    file) or the settings say. A name with '/' is that of a line in the registry, such as `product/P001_all/lstm`:
    its published version `v7`, an alias of it, or `latest`, is opened to be read only. InvalidInput for names that
    cannot be.
    """

    def __init__(
        self,
        model_name: str,
        version: str | int,
        center_path: str | Path | None = None,
        *,
        filecfg: str | Path | None = None,
        token: str | None = None,
    ) -> None:
        self.model_name, self.version = model_name, version
        self._center = (center_path, filecfg, token)
        self._line: Address | None = None
        if isinstance(model_name, str) and model_name.strip("/").partition("/")[0] in MODES and "/" in model_name:
            line, _, alias = model_name.partition("@")
            self._line = Address.parse(line)
            self.version = alias or version
        else:
            check_name(model_name, "The name of a model")
            self.version = check_name(str(version), "The name of a version")

    def filepipe(self) -> FilePipe:
        """What files are brought to the store with, and from it."""
        store = center(self.model_name, *self._center)
        if self._line is None:
            return FilePipe(store, f"{FILES}/{self.model_name}", str(self.version))
        return VersionPipe(store, self._line.folder, _version(store, self._line, str(self.version)))


def _version(store: Store, line: Address, wanted: str) -> str:
    """The name `v{N}` of the version that is meant."""
    if line.version is not None:
        return f"v{line.version}"
    name = f"v{wanted}" if wanted.isdecimal() else wanted
    if name == BEST:
        raise InvalidInput(
            "Which version is the best one, the registry says",
            got=f"{BEST} of {line.folder}",
            fix="Ask ModelManager.best for it, or name a version such as v7, an alias or latest.",
        )
    known = aliases.content(store.record(line.folder, aliases.FILE))["aliases"]
    if name in known:
        name = known[name]["version"]
    if name == LATEST:
        numbers = [int(tree.rpartition("/v")[2]) for tree in store.trees(line.folder)]
        if not numbers:
            raise NotFound("The line must have a version", got=line.folder, fix="List the versions there are.")
        name = f"v{max(numbers)}"
    if not aliases.is_version(name):
        raise InvalidInput(
            "A version in the registry must be v{N}, an alias, or latest", got=wanted[:80], fix="Use one such as v7."
        )
    return name
