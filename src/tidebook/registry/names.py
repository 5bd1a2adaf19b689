"""Versions by the names that scripts know, made file by file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from tidebook.core.errors import InvalidInput
from tidebook.core.files import storage_errors
from tidebook.core.scope import Address, identifier
from tidebook.registry import artifacts, journal, versions
from tidebook.registry.adopt import adopt
from tidebook.registry.naming import BadName, line_of
from tidebook.registry.reader import Reader


class Names(Reader):
    """Identifiers, numbers, paths, and what is saved there."""

    VERSION_FILE = versions.NAME

    @property
    def model_dir(self) -> str:
        """The folder that versions lie in; of a store that is none, its address."""
        return self.store.location("")

    @property
    def versions_path(self) -> str:
        """Where versions.json lies."""
        return f"{self.model_dir.rstrip('/')}/{self.VERSION_FILE}"

    def ensure_model_dir(self) -> None:
        """Makes the folder that versions lie in, where it does not exist."""
        folder = artifacts.folder_of(self.store, "")
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def get_model_identifier(
        self, model_type: str, training_mode: str, scope: str, aggregation_method: str | None = None
    ) -> str:
        """`product_P001_all_lstm`; in global mode `global_all_sum_lstm`."""
        line = line_of(model_type, training_mode, scope, aggregation_method)
        return identifier(line.mode, line.scope, line.model_type, line.aggregation)

    def get_next_version_number(self, model_identifier: str) -> int:
        """The number that the next version will get; deleted ones and abandoned claims are not used again.

        Nothing is reserved by this: of several that ask at once all get the same. `publish` reserves.
        """
        known = versions.read(self.store).get(model_identifier, 0)
        return max(known, self._newest().get(model_identifier, 0)) + 1

    def get_model_version_path(
        self,
        model_type: str,
        version: int,
        training_mode: str,
        scope: str,
        aggregation_method: str | None = None,
    ) -> Path:
        """The folder of a version, whether it exists or not. ValueError for a mode or scope that cannot be.

        Only a store in a folder has one; for any other InvalidInput.
        """
        line = line_of(model_type, training_mode, scope, aggregation_method)
        return artifacts.folder_of(self.store, f"{line.folder}/v{version}")

    def save_model_artifact(self, artifact_data: Any, artifact_name: str, model_version_path: Path | str) -> Path:
        """Saves one file of a version in the making, at the path that `get_model_version_path` gave; returns its path.

        `.pth` takes a model, its weights or a State, `.png` a figure, `.json` a value. The version is seen when
        `update_version` is called. ValueError for another ending; Conflict where the version is finished.
        """
        return artifacts.save(self.store, artifact_data, artifact_name, Path(model_version_path))

    def update_version(self, model_identifier: str, new_version: int) -> None:
        """Says that a version saved file by file is finished: from now on it is seen, whole, and never changes.

        The number is not given again, also where nothing was saved under it.
        """
        if new_version < 1:
            raise BadName("A version must have a number from 1 on", got=str(new_version), fix="Take the next one.")
        for folder in self.store.lines():
            with suppress(InvalidInput):
                address = Address.parse(f"{folder}/v{new_version}")
                if address.identifier == model_identifier and artifacts.is_begun(self.store, str(address)):
                    adopt(self.store, str(address), finished=True)
                    journal.note(self.store, [str(address)])
        versions.raise_to(self.store, {model_identifier: new_version})

    def rebuild_versions(self) -> dict[str, int]:
        """Makes versions.json anew from the folders, and returns it."""
        return versions.raise_to(self.store, self._newest())

    def _newest(self) -> dict[str, int]:
        """The highest number ever given, for each identifier."""
        newest: dict[str, int] = {}
        for folder in self.store.lines():
            with suppress(InvalidInput):  # A folder of something else, such as files/.
                line = Address.parse(folder)
                newest[line.identifier] = max(newest.get(line.identifier, 0), self.store.newest(folder))
        return newest
