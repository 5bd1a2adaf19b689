"""What files are brought to the central store with, and from it, and what it says of them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from tidebook.abc import FileEntry, Store, Tree
from tidebook.core.errors import InvalidInput, NotFound, TidebookError, nearest
from tidebook.core.files import check_segment
from tidebook.core.settings import Settings
from tidebook.store import claims, profile_settings
from tidebook.store.asking import Ask, confirmed
from tidebook.store.checksums import Checksums, Summing
from tidebook.store.copying import digest_of, opened
from tidebook.store.held import Held
from tidebook.store.local import FILES, LocalStore
from tidebook.store.moving import remove_originals
from tidebook.store.naming import refuse_twin
from tidebook.store.repo import key_of, repo_config
from tidebook.store.selection import ordered, selected
from tidebook.store.transfer import Progress, Transferred, differing, transfer
from tidebook.store.trees.local import Folder, LocalTree

Place = str | Path


class FilePipe:
    """The files of one version of a model; `line` is where the versions lie below the store."""

    writable = True

    def __init__(self, store: Store, line: str, version: str) -> None:
        self.store, self.line, self.version = store, line, version
        self.prefix = f"{line}/{version}"
        self._known = False  # whether the version is known not to be a twin of another

    @property
    def dir(self) -> str:
        """Where the files of this version lie: a folder or a URL."""
        return self.store.location(self.prefix)

    @property
    def filerepo(self) -> str:
        """Where the versions of this model lie."""
        return self.store.location(self.line)

    @property
    def config(self) -> dict[str, Any]:
        """Where the files are: `filerepo`, `server` ("local", or an address), `filereporoot`, `filled` (whether there
        are files yet) and `key`, which tells this version from all others."""
        return {**repo_config(self.store, self.line), "filled": bool(self.entries()), "key": key_of(self.dir)}

    @property
    def tree(self) -> Tree:
        """The files, for `transfer`."""
        return self.store.tree(self.prefix)

    def entries(self) -> dict[str, FileEntry]:
        """Every file by its path."""
        return self.tree.entries()

    def existing(self) -> dict[str, FileEntry]:
        """The same; NotFound, with the versions most like it, where there is none."""
        return self.entries() or self._raise_empty()

    # ---- to the store

    def import_file(
        self, path: Place, subdir: str | None = None, move: bool = False, *, progress: Progress | None = None
    ) -> Transferred:
        """Brings a file to the store, below `subdir` there; with `move` the original is removed once that is verified.

        Raises what made it fail: NotFound, InvalidInput for what is no regular file, Conflict where it changes
        meanwhile, StorageFailure.
        """
        place = Path(path).absolute()
        with opened(place):
            pass  # It says what is wrong with it.
        result = self._bring(Folder(place.parent, [place.name]), subdir, move, progress)
        for _, error in result.failed:
            raise error
        return result

    def import_dir(
        self, path: Place, subdir: str | None = None, move: bool = False, *, progress: Progress | None = None
    ) -> Transferred:
        """Brings all files below a folder to the store, as they lie there; hidden ones (`.…`) stay out.

        Only what differs moves, and nothing is deleted in the store. What failed, and links and devices, which are
        never followed nor stored, are told in `failed`. NotFound where there is no such folder, InvalidInput where the
        store is in it.
        """
        place = Path(path).absolute()
        if not place.is_dir():
            raise NotFound("A folder must exist to be stored", got=f"no folder {place}", fix="Check the path.")
        if isinstance(self.store, LocalStore) and self.store.root.resolve().is_relative_to(place.resolve()):
            raise InvalidInput(
                "A folder must not hold the store that it is brought to", got=str(place), fix="Name the folders in it."
            )
        result = self._bring(Folder(place), subdir, move, progress)
        if move and result.entries:
            with suppress(OSError):  # Something is left in it.
                place.rmdir()
        return result

    def delete_files_local(
        self,
        files: str | Iterable[str] | None = None,
        confirm: bool = True,
        delete_all: bool | None = None,
        ignore_errors: bool = False,
        *,
        ask: Ask = input,
    ) -> list[str]:
        """Deletes files in the store, or with `delete_all` every one of this version, and returns those deleted.

        With `confirm` a person is asked first. NotFound where one is not there, and then none is deleted, unless
        `ignore_errors`.
        """
        there = self.entries()
        named = [files] if isinstance(files, str) else [*(files or ())]
        wanted = sorted(there) if delete_all else named
        if files is None and not delete_all:
            raise InvalidInput(
                "It must be said which files are to be deleted", got="none", fix="Give files=[…], or delete_all=True."
            )
        missing = [path for path in wanted if path not in there]
        if missing and not ignore_errors:
            raise self._missing(missing[0], there)
        present = [path for path in wanted if path in there]
        if present and confirm and not confirmed(ask, f"Delete {len(present)} files of {self.prefix}? [y/N] "):
            return []
        tree = self.tree
        removed = tree.remove(present)
        tree.keep({})
        return removed

    # ---- from the store

    def scan_local(
        self,
        include: str | None = None,
        exclude: str | None = None,
        sortby: str = "name",
        attributes: bool = False,
    ) -> list[str] | tuple[list[dict[str, Any]], list[str]]:
        """The names of the files in the store that match `include` and not `exclude` (patterns such as `*.csv|a-*`).

        In the order of `sortby`: `name`, `mod` or `size`. With `attributes` also, first, for each a dictionary of
        filename, modified_at (local time), size in bytes and crc (MD5 in hex, made when it is first asked for).
        """
        there = self.entries()
        entries = ordered((there[path] for path in selected(there, include, exclude)), sortby)
        names = [entry.path for entry in entries]
        if not attributes:
            return names
        sums = self.checksums(entries)
        told = [
            {
                "filename": entry.path,
                "modified_at": datetime.fromisoformat(entry.mtime).astimezone().replace(tzinfo=None),
                "size": entry.size,
                "crc": md5,
            }
            for entry, md5 in zip(entries, sums, strict=True)
        ]
        return told, names

    def pull_file(self, file: str, path: Place = ".", *, progress: Progress | None = None) -> Path:
        """Brings a file from the store into the folder `path`, and returns where it is; Conflict for a damaged one."""
        self._ready()
        name = file.rpartition("/")[2]
        result = transfer(self.tree, Folder(path, [name]), {file: name}, progress=progress)
        for _, error in result.failed:
            raise self._missing(file, self.entries()) if isinstance(error, NotFound) else error
        return Path(path) / name

    def pull_dir(
        self,
        path: Place = ".",
        include: str | None = None,
        exclude: str | None = None,
        *,
        progress: Progress | None = None,
    ) -> Transferred:
        """Brings the files from the store into the folder `path`, as they lie there; only what differs moves.

        `include` and `exclude` as for `scan_local`; by default what the settings of the model say. Files that are in
        the folder alone stay. NotFound where the version has no files.
        """
        wanted = self._wanted(include, exclude)
        return transfer(self.tree, Folder(path, wanted), wanted, progress=progress)

    def replaced_by_pull(self, path: Place = ".", include: str | None = None, exclude: str | None = None) -> list[str]:
        """The files in the folder `path` that `pull_dir` would put other content in the place of."""
        wanted = self._wanted(include, exclude)
        return differing(self.tree, Folder(path, wanted), wanted)

    def verify(self) -> list[str]:
        """Reads every file again and says which are not as they were stored; an empty list where all are.

        NotFound where the version has no files.
        """
        tree = self.tree
        entries = tree.entries()
        known = {path: entry.digest for path, entry in entries.items()}
        if isinstance(tree, LocalTree):
            known |= tree.digests()  # also of those that have another time, or are gone
        if not known:
            self._raise_empty()
        faults = [f"{path} is missing" for path in known.keys() - entries.keys()]
        for path in entries:
            try:
                if known[path] and digest_of(tree.read(path)) != known[path]:
                    faults.append(f"{path} has changed")
            except NotFound:
                faults.append(f"{path} is missing")
        return sorted(faults)

    # ---- what both kinds of versions do in their own way

    def _check_writable(self) -> None:
        """Refuses where nothing may be changed; a twin of another name is refused here too."""
        if self._known:
            return
        model = self.line.rpartition("/")[2]
        if isinstance(self.store, LocalStore):
            claims.make_line(self.store.root, [FILES, model, self.version])
        elif self.version not in self.store.below(self.line):
            refuse_twin(model, self.store.below(FILES))
            refuse_twin(self.version, self.store.below(self.line))
        self._known = True

    def _ready(self) -> None:
        """Makes the files readable, where they are not at hand."""

    def _expected(self) -> list[str]:
        return sorted(self.entries())

    # ---- inside

    def _wanted(self, include: str | None, exclude: str | None) -> list[str]:
        """The files to pull; NotFound where the version has none."""
        self._ready()
        if include is None and exclude is None:
            pull = profile_settings.read(self.store, self.line)["pull"]
            include, exclude = pull.get("include"), pull.get("exclude")
        expected = self._expected()
        if not expected:
            self._raise_empty()
        return selected(expected, include, exclude)

    def _bring(self, source: Folder, subdir: str | None, move: bool, progress: Progress | None) -> Transferred:
        if self.writable and not source.entries():
            return Transferred(failed=_failed(source))
        self._check_writable()
        tree, summed = self.tree, source
        if not isinstance(tree, LocalTree):  # What is read to be sent is summed: nobody has to fetch it again for that.
            summed = Summing(source)
        names = {path: f"{_checked(subdir)}/{path}" for path in source.entries()} if subdir else None
        held = Held(self.store, self.line, self.version, source)
        result = transfer(summed, tree, names, progress=progress, held=held)
        if result.moved or result.shared or result.digested:
            tree.keep(result.entries)
        if isinstance(summed, Summing):
            _checksums().learn(
                (entry.digest, summed.sums.get(path))
                for path, goal in (names or {path: path for path in summed.sums}).items()
                if (entry := result.entries.get(goal)) is not None
            )
        if move:
            names = names or {path: path for path in result.entries}
            result = remove_originals(source, tree, names, result)
        return replace(result, failed=[*result.failed, *_failed(summed)])

    def checksums(self, entries: Iterable[FileEntry]) -> list[str]:
        """The MD5 of each file; what nobody knows yet is made in one read with its digest, and kept."""
        sums, learned = _checksums().of(self.tree, entries)
        if learned and self.writable:
            self.tree.keep(learned)
        return sums

    def _missing(self, file: str, there: Iterable[str]) -> NotFound:
        return NotFound("The file must be in the store", got=f"{file} in {self.prefix}", fix=nearest(file, there))

    def _raise_empty(self) -> NoReturn:
        others = [name for name in self.store.below(self.line) if name != self.version]
        model, models = self.line.rpartition("/")[2], self.store.below(FILES)
        raise NotFound(
            "A version must have files",
            got=f"{self.prefix}, which has none",
            fix=nearest(self.version, others) if others or model in models else nearest(model, models),
        )


def _checksums() -> Checksums:
    return Checksums(Settings().cache / "checksums.json")


def _checked(subdir: str) -> str:
    return "/".join(check_segment(part, "A folder's name") for part in subdir.strip("/").split("/"))


def _failed(source: Folder) -> list[tuple[str, TidebookError]]:
    """What lies in a folder and cannot be stored."""
    return [(path, _refused(path, what)) for path, what in sorted(source.refused().items())]


def _refused(path: str, what: str) -> InvalidInput:
    return InvalidInput(
        "Only regular files can be stored", got=f"{path}, which is {what}", fix="Leave it out, or put a copy there."
    )
