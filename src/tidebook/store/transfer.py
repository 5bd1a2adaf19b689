"""Brings files from one tree to another, whatever holds them: push and pull are this one function."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Protocol, cast, runtime_checkable

from tidebook.abc import FileEntry, Source, Tree
from tidebook.core.errors import Forbidden, InvalidInput, NotFound, StorageFailure, TidebookError, Unauthorized
from tidebook.store.bundles import SMALL
from tidebook.store.claims import fold
from tidebook.store.copying import digest_of
from tidebook.store.trees.local import Folder, LocalTree

AT_ONCE = 8  #: files on their way at once, to or from a place that is not a folder
GIVE_UP = 8  #: failures of the store, one after another, after which nothing more is tried
Progress = Callable[[int, int, str], None]  #: bytes that are done, bytes in all, the file that they are of


@dataclass(frozen=True)
class Transferred:
    """What came of the files of a transfer; entries are those of the target."""

    moved: list[FileEntry] = field(default_factory=list)  #: copied, and verified
    present: list[FileEntry] = field(default_factory=list)  #: there already
    failed: list[tuple[str, TidebookError]] = field(default_factory=list)  #: path at the source, and why
    shared: list[FileEntry] = field(default_factory=list)  #: put there at no cost, from content that the store has
    replaced: list[str] = field(default_factory=list)  #: paths at the target that had other content before
    bytes: int = 0  #: of the files that were copied
    digested: bool = False  #: whether files had to be read to find out that they are there already

    @property
    def entries(self) -> dict[str, FileEntry]:
        """What is there now, by its path, for `Tree.keep`."""
        return {entry.path: entry for entry in (*self.present, *self.shared, *self.moved)}


def transfer(
    source: Source,
    target: Tree,
    files: Iterable[str] | Mapping[str, str] | None = None,
    *,
    progress: Progress | None = None,
    workers: int | None = None,
    held: Mapping[str, str] | None = None,
) -> Transferred:
    """Makes `files` (default: all) of `source` the same in `target`; only what differs moves.

    A mapping says for each path at the source the path at the target. What has the same size and time there, or the
    same digest, is present. `held` maps digests to paths below the target's store, of content that is there already;
    files are digested to find theirs among them, so name only what may match. A failure of one file does not stop the
    others, and nothing is deleted. `progress` is called by one thread at a time.
    """
    ours, theirs = source.entries(), target.entries()
    wanted = files if isinstance(files, Mapping) else {path: path for path in (ours if files is None else files)}
    result, work = Transferred(), []
    for path, goal in wanted.items():
        entry, there = ours.get(path), theirs.get(goal)
        if entry is None:
            result.failed.append((path, _missing(path, source)))
        elif there is not None and _same(entry, there):
            result.present.append(there if there.digest or not entry.digest else replace(there, digest=entry.digest))
        else:
            work.append(_Work(entry, goal, there))
    before = len(result.present)
    work.sort(key=lambda each: each.entry.path)
    if work and not isinstance(target, Folder):
        work = _without_twins(work, theirs, result)
    if work:
        _Mover(source, target, held or {}, result, _Meter(progress, work)).bring_all(work, workers)
    digested = len(result.present) > before
    others = {each.goal for each in work if each.there is not None}
    replaced = sorted(entry.path for entry in (*result.moved, *result.shared) if entry.path in others)
    for entries in (result.moved, result.present, result.shared):
        entries.sort(key=attrgetter("path"))
    return replace(result, replaced=replaced, bytes=sum(entry.size for entry in result.moved), digested=digested)


def differing(source: Source, target: Source, paths: Iterable[str]) -> list[str]:
    """Which of the paths both have with different content, in order; only what size and time leave open is read."""
    ours, theirs = source.entries(), target.entries()

    def differ(path: str) -> bool:
        entry, there = ours[path], theirs[path]
        if entry.size != there.size or _same(entry, there):
            return entry.size != there.size
        return (entry.digest or digest_of(source.read(path))) != (there.digest or digest_of(target.read(path)))

    return sorted(path for path in paths if path in ours and path in theirs and differ(path))


@dataclass(frozen=True)
class _Work:
    """A file that may have to move."""

    entry: FileEntry  #: at the source
    goal: str  #: its path at the target
    there: FileEntry | None  #: what the target has there


@runtime_checkable
class _Expecting(Protocol):
    """A source that brings many small files at once, if it knows which will be read."""

    def expect(self, entries: Iterable[FileEntry]) -> None: ...


@runtime_checkable
class _Bundling(Protocol):
    """A target that takes many small files at once."""

    def take_all(
        self, source: Source, entries: Sequence[FileEntry]
    ) -> Iterator[tuple[FileEntry, FileEntry | TidebookError]]: ...


class _Mover:
    """Brings files, several at once, and keeps what came of each."""

    def __init__(
        self, source: Source, target: Tree, held: Mapping[str, str], result: Transferred, meter: _Meter
    ) -> None:
        self._source, self._target, self._held, self._result, self._meter = source, target, held, result, meter
        # Between folders the system copies, one file after another: that is fastest. Elsewhere each piece is counted.
        self._plain = isinstance(source, LocalTree) and isinstance(target, LocalTree)
        self._failures = 0  # one after another
        self._reason: TidebookError | None = None  # why nothing more is tried

    def bring_all(self, work: Sequence[_Work], workers: int | None) -> None:
        """Makes the target's files the same as the source's."""
        at_once = min(workers or (1 if self._plain else AT_ONCE), len(work))
        if isinstance(self._source, _Expecting):
            self._source.expect([each.entry for each in work])
        if at_once == 1:
            left = [each for each in work if self._settled(each)]
        else:
            with ThreadPoolExecutor(at_once, "tidebook-transfer") as pool:
                left = [each for each, done in zip(work, pool.map(self._settled, work), strict=True) if done]
        if left and isinstance(self._target, _Bundling):
            self._bundled(self._target, left)

    def _settled(self, work: _Work) -> bool:
        """Brings one file; whether it is rather to go in a bundle."""
        try:
            if self._reason is not None:
                raise self._reason
            entry = self._found(work)
            if entry is not None:
                if isinstance(self._target, _Bundling) and entry.size <= SMALL:
                    return True
                self._moved(self._take(entry, work.goal))
        except TidebookError as error:
            self._failed(work, error)
        except OSError as error:
            self._failed(work, _unwell(error))
        self._meter.finished(work.entry)
        return False

    def _found(self, work: _Work) -> FileEntry | None:
        """The source's entry, if it has to move: it is not there yet, and cannot be shared."""
        entry, there = work.entry, work.there
        alike = there is not None and there.size == entry.size
        known = there.digest if there is not None and alike else ""
        if not entry.digest and (alike or self._held):
            entry = replace(entry, digest=digest_of(self._source.read(entry.path)))
        if alike and entry.digest and not known:
            known = digest_of(self._target.read(work.goal))
        here = replace(entry, path=work.goal)
        if entry.digest and known == entry.digest:
            self._result.present.append(here)
        elif entry.digest in self._held and self._target.share(here, self._held[entry.digest]):
            self._result.shared.append(here)
        else:
            return entry
        return None

    def _take(self, entry: FileEntry, goal: str) -> FileEntry:
        source = self._source if self._plain else _Read(self._source, self._meter, {}).as_tree()
        return self._target.take(source, entry, goal)

    def _bundled(self, target: _Bundling, left: Sequence[_Work]) -> None:
        by_goal = {each.goal: each for each in left}
        names = {each.goal: each.entry.path for each in left}
        source = _Read(self._source, self._meter, names).as_tree()
        try:
            for sent, taken in target.take_all(source, [replace(each.entry, path=each.goal) for each in left]):
                work = by_goal.pop(sent.path)
                if isinstance(taken, TidebookError):
                    self._failed(work, taken)
                else:
                    self._moved(taken)
                self._meter.finished(work.entry)
        except TidebookError as error:
            for work in by_goal.values():
                self._failed(work, error)
                self._meter.finished(work.entry)

    def _moved(self, taken: FileEntry) -> None:
        self._result.moved.append(taken)
        self._failures = 0

    def _failed(self, work: _Work, error: TidebookError) -> None:
        self._result.failed.append((work.entry.path, error))
        self._failures = self._failures + 1 if isinstance(error, StorageFailure) else 0
        if self._failures >= GIVE_UP or isinstance(error, Unauthorized | Forbidden):
            self._reason = error


class _Meter:
    """Tells how far all files together have come."""

    def __init__(self, progress: Progress | None, work: Sequence[_Work]) -> None:
        self._progress, self._total, self._done = progress, sum(each.entry.size for each in work), 0
        self._files: dict[str, int] = {}
        self._lock = threading.Lock()

    def came(self, path: str, count: int) -> None:
        """Counts bytes of a file that is on its way."""
        if self._progress is not None:
            with self._lock:
                self._files[path] = self._files.get(path, 0) + count
                self._add(path, count)

    def finished(self, entry: FileEntry) -> None:
        """Counts what is left of a file."""
        if self._progress is not None:
            with self._lock:
                self._add(entry.path, entry.size - self._files.pop(entry.path, 0))

    def _add(self, path: str, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(min(max(self._done, 0), self._total), self._total, path)


class _Read:
    """A tree that is read: its pieces are counted, and its files may go by other names."""

    def __init__(self, tree: Source, meter: _Meter, names: Mapping[str, str]) -> None:
        self._tree, self._meter, self._names = tree, meter, names
        self.url, self.entries = tree.url, tree.entries

    def as_tree(self) -> Tree:
        """Itself, for a target, which only reads from it."""
        return cast("Tree", self)

    def read(self, path: str, start: int = 0) -> Iterator[bytes]:
        """The content, counted."""
        path = self._names.get(path, path)
        for piece in self._tree.read(path, start):
            self._meter.came(path, len(piece))
            yield piece


def _same(entry: FileEntry, there: FileEntry) -> bool:
    if entry.size != there.size:
        return False
    if entry.digest and there.digest:
        return entry.digest == there.digest
    # Where nobody knows a digest, an earlier call may have been killed before it was written down.
    return entry.mtime == there.mtime and bool(entry.digest or there.digest)


def _missing(path: str, source: Source) -> NotFound:
    return NotFound("The file must be there", got=f"{path} in {source.url}", fix="List the files there are.")


def _without_twins(work: Sequence[_Work], theirs: Iterable[str], result: Transferred) -> list[_Work]:
    names = {fold(path): path for path in theirs}
    left = []
    for each in work:
        twin = names.setdefault(fold(each.goal), each.goal)
        if twin == each.goal:
            left.append(each)
        else:
            result.failed.append((each.entry.path, _twin(each.goal, twin)))
    return left


def _twin(path: str, twin: str) -> InvalidInput:
    return InvalidInput(
        "Files of a tree must differ in more than upper and lower case",
        got=f"{path} beside {twin}",
        fix="Rename one of the two: some machines take them for one.",
    )


def _unwell(error: OSError) -> StorageFailure:
    return StorageFailure(
        "A file must be readable where it is, and writable where it goes",
        got=str(error),
        fix="See whether the disk and the network are well, and try again.",
    )
