"""The tree of a Tidebook server's store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from threading import Lock
from typing import Any
from urllib.parse import quote

from blake3 import blake3

from tidebook.abc import FileEntry, Source
from tidebook.core.errors import Conflict, NotFound, TidebookError
from tidebook.core.files import check_segment
from tidebook.sdk.client import Away
from tidebook.store import bundles
from tidebook.store.arriving import RESUMABLE
from tidebook.store.link import Link

DAMAGED = 3  #: times that a file may arrive damaged before it is given up


class HttpTree:
    """Files below `prefix` of a server's store; `claim` is the owner of a version that is not complete yet."""

    def __init__(self, link: Link, prefix: str, claim: str = "") -> None:
        for part in prefix.split("/"):
            check_segment(part, "A path segment")
        self._link, self._prefix = link, prefix
        self._claim = {"claim": claim} if claim else {}
        self._coming: dict[str, FileEntry] = {}
        self._came: dict[str, bytes] = {}
        self._lock = Lock()

    @property
    def url(self) -> str:
        """The address below the server's."""
        return f"{self._link.server}/{self._prefix}"

    def entries(self) -> dict[str, FileEntry]:
        """Every file by its path, as the server knows it; none where there is no such tree."""
        try:
            answer = self._call("GET", "entries", needs=("entries",))
        except NotFound:
            return {}
        found = map(bundles.entry_of, answer["entries"])
        return {entry.path: entry for entry in found}

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The content from byte `start` on, gone on with where the connection is cut."""
        content = self._small(path) if start == 0 else None
        if content is not None:
            yield content
            return
        attempts, at, tag = self._link.attempts(), start, ""
        while True:
            headers = {"Range": f"bytes={at}-", **({"If-Range": tag} if tag else {})} if at or tag else {}
            try:
                with self._link.client.stream(
                    "GET", self._address("content"), params={"path": path, **self._claim}, headers=headers
                ) as answer:
                    if tag and (answer.headers.get("ETag") != tag or answer.status_code != 206):
                        raise _changed(path)
                    tag = answer.headers.get("ETag", "")
                    for piece in answer.iter_raw():  # as it comes: joining it costs more than it saves
                        at += len(piece)
                        attempts.progressed()
                        yield piece
            except Away as error:
                attempts.failed(error)
            except TidebookError as error:
                if error.status == 416 and at:  # There is nothing behind the last byte.
                    return
                raise
            else:
                return

    def expect(self, entries: Iterable[FileEntry]) -> None:
        """Says which files will be read, so that small ones come many at once."""
        with self._lock:
            self._coming |= {entry.path: entry for entry in entries if entry.size <= bundles.SMALL}

    def take(self, source: Source, entry: FileEntry, path: str | None = None) -> FileEntry:
        """Sends a file, and again what is lost on the way; see `abc.Tree`."""
        wanted = _digested(source, entry)
        target = replace(wanted, path=entry.path if path is None else path)
        params: dict[str, str | int | float] = {**asdict(target), **self._claim}
        attempts, damaged, offset, most = self._link.attempts(), 0, 0, 0
        asked = target.size < RESUMABLE  # Of less the server keeps nothing that is not whole.
        while True:
            try:
                if not asked:
                    offset, asked = int(self._once("POST", "uploads", params=params, needs=("held",))["held"]), True
                    if offset > most:
                        most = offset
                        attempts.progressed()
                answer = self._once(
                    "PUT",
                    "content",
                    params={**params, "offset": offset},
                    content=_exactly(source, wanted, offset),
                    size=target.size - offset,
                    needs=("digest",),
                )
            except Away as error:
                attempts.failed(error)
                asked = target.size < RESUMABLE
            except Conflict as error:
                held = error.details.get("held")
                if isinstance(held, int) and held != offset:
                    offset = held
                    continue
                damaged += 1
                if damaged == DAMAGED or not error.details.get("again"):
                    raise
                offset = 0
            else:
                return bundles.entry_of(answer)

    def take_all(
        self, source: Source, entries: Sequence[FileEntry]
    ) -> Iterator[tuple[FileEntry, FileEntry | TidebookError]]:
        """Sends many small files in few requests; each with its entry here, or why it was not taken."""
        for group in bundles.groups(entries):
            yield from self._take_bundle(source, group)

    def share(self, entry: FileEntry, held: str) -> bool:
        """Has the server make the file of content that it holds."""
        answer = self._call("POST", "shares", json={"file": asdict(entry), "held": held}, needs=("shared",))
        return bool(answer["shared"])

    def remove(self, paths: Iterable[str]) -> list[str]:
        """Removes files, and returns those that were there."""
        removed: list[str] = []
        waiting = list(paths)
        for first in range(0, len(waiting), bundles.MOST_FILES):
            some = waiting[first : first + bundles.MOST_FILES]
            removed += self._call("POST", "removals", json={"paths": some}, needs=("removed",))["removed"]
        return removed

    def keep(self, entries: Mapping[str, FileEntry]) -> None:
        """Has the server write down the digests that it has verified itself."""
        self._call("POST", "kept")

    def _take_bundle(
        self, source: Source, group: Sequence[FileEntry]
    ) -> Iterator[tuple[FileEntry, FileEntry | TidebookError]]:
        packed: list[tuple[FileEntry, bytes]] = []
        given: dict[str, FileEntry] = {}
        for entry in group:
            try:
                packed.append(_read(source, entry))
                given[entry.path] = entry
            except TidebookError as error:
                yield entry, error
        if not packed:
            return
        content = list(bundles.packed(packed))
        size = sum(map(len, content))
        answer = self._call("PUT", "bundles", content=content, size=size, needs=("taken", "failed"))
        for value in answer["taken"]:
            taken = bundles.entry_of(value)
            yield given[taken.path], taken
        for refused in answer["failed"]:
            yield given[refused["path"]], TidebookError.from_problem(refused["problem"])

    def _small(self, path: str) -> bytes | None:
        """The content of a file that is expected; None for one that is to be asked for by itself."""
        with self._lock:
            if path not in self._came and path in self._coming:
                self._fetch(path)
            return self._came.pop(path, None)

    def _fetch(self, path: str) -> None:
        first = self._coming.pop(path)
        group = next(bundles.groups([first, *self._coming.values()]))
        for entry in group[1:]:
            del self._coming[entry.path]
        paths = [entry.path for entry in group]

        def once() -> None:
            unpacking = bundles.Unpacking()
            with self._link.client.stream(
                "POST", self._address("contents"), params=self._claim, json={"paths": paths}
            ) as answer:
                for piece in answer.iter_raw():
                    self._came |= {entry.path: content for entry, content in unpacking.feed(piece)}
            if not unpacking.ended:
                raise Away("A bundle must arrive whole", got="one without its end", fix="It is asked for again.")

        self._link.repeated(once)

    def _address(self, what: str) -> str:
        return f"/api/store/{what}/{quote(self._prefix)}"

    def _once(self, method: str, what: str, **more: Any) -> Any:
        return self._link.client.call(method, self._address(what), **more)

    def _call(self, method: str, what: str, *, content: list[bytes] | None = None, **more: Any) -> Any:
        begun = None if content is None else content.__iter__
        return self._link.call(method, self._address(what), params=self._claim, content=begun, **more)


def _read(source: Source, entry: FileEntry) -> tuple[FileEntry, bytes]:
    """A small file with its content; Conflict where that is not what the entry says."""
    content = b"".join(source.read(entry.path))
    digest = f"blake3:{blake3(content).hexdigest()}"
    if len(content) != entry.size or entry.digest not in {"", digest}:
        raise _changed(entry.path)
    return replace(entry, digest=digest), content


def _digested(source: Source, entry: FileEntry) -> FileEntry:
    """The entry with the digest of what the source holds now."""
    if entry.digest:
        return entry
    hasher, size = blake3(), 0
    for piece in source.read(entry.path):
        hasher.update(piece)
        size += len(piece)
    if size != entry.size:
        raise _changed(entry.path)
    return replace(entry, digest=f"blake3:{hasher.hexdigest()}")


def _exactly(source: Source, entry: FileEntry, offset: int) -> Iterator[bytes]:
    """The content from `offset` on; Conflict where the source has become longer or shorter."""
    at = offset
    for piece in source.read(entry.path, offset) if offset < entry.size else ():
        at += len(piece)
        if at > entry.size:
            break
        yield piece
    if at != entry.size:
        raise _changed(entry.path)


def _changed(path: str) -> Conflict:
    return Conflict("A file must stay as it is while it is stored", got=f"{path}, which changed", fix="Try again.")
