"""The files of a version of the registry, under the operations that files of models have."""

from __future__ import annotations

from collections.abc import Iterable

from tidebook.core.errors import Conflict
from tidebook.store import archiving
from tidebook.store.pipe import Ask, FilePipe
from tidebook.store.verify import verify


class VersionPipe(FilePipe):
    """The files of a published version, which are read and never changed."""

    writable = False

    def verify(self) -> list[str]:
        """Reads every file again and says which are missing or changed; an empty list where all is whole."""
        self._ready()
        return verify(self.store, self.prefix)

    def delete_files_local(
        self,
        files: str | Iterable[str] | None = None,
        confirm: bool = True,
        delete_all: bool | None = None,
        ignore_errors: bool = False,
        *,
        ask: Ask = input,
    ) -> list[str]:
        """Refused: Conflict."""
        raise self._read_only()

    def _check_writable(self) -> None:
        raise self._read_only()

    def _ready(self) -> None:
        archiving.restore_tree(self.store, self.prefix)

    def _expected(self) -> list[str]:
        return [entry["path"] for entry in self.store.manifest(self.prefix)["files"]]

    def _read_only(self) -> Conflict:
        return Conflict(
            "A version is written once and never changed", got=self.prefix, fix="Publish another one from a run."
        )
