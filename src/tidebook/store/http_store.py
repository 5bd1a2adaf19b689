"""The store of a Tidebook server, over HTTP: what may be seen and changed, the server decides."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tidebook.abc import FileEntry
from tidebook.core.errors import Conflict, NotFound
from tidebook.core.files import check_segment
from tidebook.store import bundles
from tidebook.store.copying import moment, opened
from tidebook.store.link import PATIENCE, Link
from tidebook.store.local import FILES
from tidebook.store.naming import check_file
from tidebook.store.objects.cache import Cache
from tidebook.store.side import Change
from tidebook.store.trees.http import HttpTree
from tidebook.store.workspace import workspace

AT_ONCE = 4  #: large files on their way at once
_PIECE = 1 << 20
ATTEMPTS = 50  #: of a change that others are always faster than


class HttpStore:
    """The trees of the server at `url`, as the user of `token` sees them; what is opened is copied below `cache`.

    Defaults: TIDEBOOK_TOKEN and cache/store in the home. A server that is away is waited for, `patience` seconds long.
    """

    def __init__(
        self, url: str, token: str | None = None, *, cache: Path | None = None, patience: float = PATIENCE
    ) -> None:
        from tidebook.core.settings import Settings

        settings = Settings()
        own = settings.cache / "store" if cache is None else cache
        self._link = Link(url, token or settings.token or "", patience)
        self._cache, self._workspaces = Cache(own / "copies"), own / "staging"
        self._claims: dict[str, str] = {}  # tree → owner of the claim that this process has on it

    @property
    def url(self) -> str:
        """The server's address."""
        return self._link.server

    def claim(self, line: str, owner: str, *, above: int = 0) -> int:
        """Reserves the next number below `line`, more than `above`; the user gets their own claim back."""
        body = {"line": line, "owner": owner, "above": above}
        number = int(self._link.call("POST", "/api/store/claims", json=body, needs=("number",))["number"])
        self._claims[f"{line}/v{number}"] = owner
        return number

    def claimed(self, line: str, owner: str) -> int | None:
        """The number below `line` that this user has claimed as `owner`, finished or not; None if there is none."""
        params = {"line": line, "owner": owner}
        number = self._link.call("GET", "/api/store/claims", params=params, needs=("number",))["number"]
        if number is None:
            return None
        self._claims[f"{line}/v{number}"] = owner
        return int(number)

    def newest(self, line: str) -> int:
        """The highest number ever given below `line`, deleted ones and claims counted; 0 if there is none."""
        params = {"line": _checked(line)}
        answer = self._link.call("GET", "/api/store/newest", params=params, needs=("number",))
        return int(answer["number"])

    def fill(self, prefix: str, files: Mapping[str, Path]) -> list[FileEntry]:
        """Sends local files into a claimed tree; small ones many at once, large ones in parallel."""
        for path in files:
            check_file(path)
        source, tree = _Files(files), self.tree(prefix)
        entries = source.entries().values()
        small = [entry for entry in entries if entry.size <= bundles.SMALL]
        filled: list[FileEntry] = []
        for _, taken in tree.take_all(source, small):
            if not isinstance(taken, FileEntry):
                raise taken
            filled.append(taken)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            large = [entry for entry in entries if entry.size > bundles.SMALL]
            filled += pool.map(lambda entry: tree.take(source, entry), large)
        return sorted(filled, key=lambda entry: entry.path)

    def commit(self, prefix: str, files: Sequence[FileEntry]) -> None:
        """Has the server write the manifest: now the tree exists, and is this user's."""
        body = {"claim": self._claims.get(prefix, ""), "files": [asdict(entry) for entry in files]}
        try:
            self._link.call("POST", _address("commits", prefix), json=body)
        except Conflict:
            if not self._is_committed(prefix, body["files"]):  # The answer to an earlier attempt may have been lost.
                raise

    def manifest(self, prefix: str) -> dict[str, Any]:
        """The manifest; NotFound where the tree is incomplete, deleted, absent, or not this user's to see."""
        manifest = self._link.call("GET", _address("manifests", prefix), needs=("files",))
        return dict(manifest)

    def trees(self, prefix: str = "") -> Iterator[str]:
        """The prefixes of all complete versions below `prefix` that this user sees."""
        yield from self._link.call("GET", "/api/store/trees", params={"prefix": prefix}, needs=("items",))["items"]

    def lines(self) -> Iterator[str]:
        """The prefixes of all lines that this user sees."""
        yield from self._link.call("GET", "/api/store/lines", needs=("items",))["items"]

    def below(self, prefix: str) -> list[str]:
        """The names of the models of files that this user sees, or those of the versions of one of them, in order."""
        parts = prefix.split("/")
        if parts[0] != FILES or len(parts) > 2:
            return []
        if len(parts) == 1:
            items = self._link.call("GET", "/api/store/models", needs=("items",))["items"]
            return sorted(str(item["name"]) for item in items)
        try:
            model = self._link.call("GET", f"/api/store/models/{quote(parts[1], safe='')}", needs=("versions",))
        except NotFound:
            return []
        return sorted(str(item["version"]) for item in model["versions"])

    def tree(self, prefix: str) -> HttpTree:
        """The files below a prefix."""
        return HttpTree(self._link, prefix, self._claims.get(prefix, ""))

    def open(self, prefix: str, path: str) -> Path:
        """A local copy of a file of a complete tree, verified; NotFound where the tree has no such file."""
        manifest = self.manifest(prefix)
        entries = _entries(manifest)
        for entry in entries:
            if entry.path == path:
                return self._cache.file(HttpTree(self._link, prefix), str(manifest.get("created_at")), entry)
        shown = ", ".join(entry.path for entry in entries[:8])
        raise NotFound("The file must be one of the version's", got=f"{path} in {prefix}", fix=f"It holds {shown}.")

    def folder(self, prefix: str) -> Path:
        """A local folder with copies of all files of a complete tree, verified, to be read only."""
        manifest, tree = self.manifest(prefix), HttpTree(self._link, prefix)
        entries = _entries(manifest)
        tree.expect(entries)
        return self._cache.files(tree, str(manifest.get("created_at")), entries)

    def restore(self, prefix: str) -> None:
        """Has the server bring a version back from its archive, where it is in it."""
        self._link.call("POST", _address("restorations", prefix))

    def location(self, prefix: str) -> str:
        """The address of a tree below the server's."""
        return f"{self.url}/{prefix}"

    def closing(self, prefix: str) -> AbstractContextManager[None]:
        """Changes nothing: the server sees to it when it commits."""
        return nullcontext()

    def delete(self, prefix: str, reason: str, *, force: bool = False) -> None:
        """Has the server delete a version, where this user may; Conflict where it is in use, unless with `force`."""
        self._link.call("DELETE", _address("trees", prefix), params={"reason": reason, "force": str(force).lower()})
        self._claims.pop(prefix, None)

    def set_alias(self, line: str, version: str, alias: str, reason: str) -> None:
        """Has the server give a version the alias, where this user may."""
        self._link.call("PUT", _alias(line, alias), json={"version": version, "reason": reason})

    def remove_alias(self, line: str, alias: str, reason: str) -> None:
        """Has the server take the alias off the version that has it, where this user may."""
        self._link.call("DELETE", _alias(line, alias), params={"reason": reason})

    def record(self, prefix: str, name: str) -> dict[str, Any] | None:
        """The object beside a tree or line, as this user sees it; None where there is none."""
        params = {"prefix": _checked(prefix) if prefix else "", "name": check_segment(name, "The name of a record")}
        value = self._link.call("GET", "/api/store/records", params=params, needs=("value",))["value"]
        return None if value is None else dict(value)

    def amend(self, prefix: str, name: str, change: Change, *, make: bool = False) -> dict[str, Any] | None:
        """Replaces such an object by what `change` makes of it, where this user may.

        Those at the top of the store, which are derived from the rest, the server keeps itself. It makes what is new.
        """
        for _ in range(ATTEMPTS):
            before = self.record(prefix, name)
            after = change(before)
            if not prefix or after == before:
                return after
            body = {"prefix": prefix, "name": name, "before": before, "after": after}
            try:
                value = self._link.call("PUT", "/api/store/records", json=body, needs=("value",))["value"]
            except Conflict:
                continue
            return None if value is None else dict(value)
        raise Conflict(
            "One may change this at a time", got=f"{name}, which others change again and again", fix="Try again."
        )

    def workspace(self, name: str) -> AbstractContextManager[Path]:
        """A local folder; Conflict where another process of this machine is in that of this name."""
        return workspace(self._workspaces, f"{name} in {self.url}")

    def _is_committed(self, prefix: str, files: object) -> bool:
        try:
            return bool(self.manifest(prefix)["files"] == files)
        except NotFound:
            return False


class _Files:
    """Local files, wherever they lie, as a source."""

    url = "this machine"

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def entries(self) -> dict[str, FileEntry]:
        """Every file by the path that it is to have."""
        found = {}
        for path, source in sorted(self._files.items()):
            with opened(source) as (_, state):
                found[path] = FileEntry(path, state.st_size, moment(state.st_mtime_ns), "")
        return found

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The content from byte `start` on."""
        with opened(self._files[path]) as (handle, _):
            os.lseek(handle, start, os.SEEK_SET)
            while piece := os.read(handle, _PIECE):
                yield piece


def _checked(prefix: str) -> str:
    for part in prefix.split("/"):
        check_segment(part, "A path segment")
    return prefix


def _address(what: str, prefix: str) -> str:
    return f"/api/store/{what}/{quote(_checked(prefix))}"


def _alias(line: str, alias: str) -> str:
    name = quote(check_segment(alias, "The name of an alias"), safe="")
    return f"/api/model-lines/{quote(_checked(line))}/aliases/{name}"


def _entries(manifest: Mapping[str, Any]) -> list[FileEntry]:
    return [bundles.entry_of(entry) for entry in manifest["files"]]
