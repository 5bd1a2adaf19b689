"""The files of a version of the registry, under the operations that files of models have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tidebook.abc import FileEntry
from tidebook.core.errors import Conflict, NotFound, nearest
from tidebook.store import archiving
from tidebook.store.asking import Ask
from tidebook.store.pipe import FilePipe
from tidebook.store.verify import verify


class VersionPipe(FilePipe):
    """The files of a published version, which are read and never changed."""

    writable = False

    def entries(self) -> dict[str, FileEntry]:
        """Every file by its path; NotFound where there is no such version."""
        self._manifest()
        return super().entries()

    def verify(self) -> list[str]:
        """Reads every file again and says which are missing or changed; an empty list where all is whole."""
        self._manifest()
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
        return [entry["path"] for entry in self._manifest()["files"]]

    def _manifest(self) -> dict[str, Any]:
        try:
            return self.store.manifest(self.prefix)
        except NotFound as error:
            known = [tree.rpartition("/")[2] for tree in self.store.trees(self.line)]
            raise NotFound(error.rule, got=error.got, fix=nearest(self.version, known)) from error

    def _read_only(self) -> Conflict:
        return Conflict(
            "A version is written once and never changed", got=self.prefix, fix="Publish another one from a run."
        )
