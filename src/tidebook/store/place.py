"""Where archived things lie: one packed file each, below one folder or URL."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from tidebook.abc import FileEntry
from tidebook.core.errors import DataFault, NotFound, StorageFailure, TidebookError
from tidebook.core.files import check_segment, storage_errors
from tidebook.store import packing, remote
from tidebook.store.packing import Packed

SUFFIX = ".tar.zst"
_CHUNK = 1 << 20


class Place:
    """The archive at `where`: a folder, file://, s3://, oss:// or memory://. Nothing outside it is ever touched."""

    def __init__(self, where: str) -> None:
        with _away(where):
            self._files, self._root = remote.filesystem(where)
        self.url = remote.shown(where).rstrip("/")
        self._local = Path(self._root) if "file" in _protocols(self._files) else None

    def url_of(self, kind: str, name: str) -> str:
        """Where a thing lies, without secrets."""
        return f"{self.url}/{_key(kind, name)}"

    def put(self, kind: str, name: str, source: Path, packed: Packed, entries: Iterable[FileEntry]) -> str:
        """Copies a packed file there, reads it back, and returns its URL; StorageFailure where that is not the same."""
        path = self._path(kind, name)
        with _away(self.url):
            if self._local is not None:
                _copy(source, Path(path))
            else:
                self._files.put_file(os.fspath(source), path)
        try:
            with self.opened(kind, name) as stream:
                packing.check(stream, packed, entries, name)
        except DataFault as error:
            raise StorageFailure(
                "What is archived must read back as it was written", got=error.got, fix="Try again; check the archive."
            ) from error
        return self.url_of(kind, name)

    @contextmanager
    def opened(self, kind: str, name: str) -> Iterator[Reading]:
        """The packed file of a thing; NotFound where there is none, StorageFailure where the archive is away."""
        with _away(self.url):
            try:
                stream = self._files.open(self._path(kind, name), "rb")
            except FileNotFoundError as error:
                raise NotFound(
                    "What is archived must be in the archive",
                    got=f"nothing at {self.url_of(kind, name)}",
                    fix="Set TIDEBOOK_ARCHIVE to where it was archived, or bring it back from a backup.",
                ) from error
        with closing(stream):
            yield Reading(stream, self.url)

    def has(self, kind: str, name: str) -> bool:
        """Whether there is a packed file of a thing."""
        with _away(self.url):
            return bool(self._files.isfile(self._path(kind, name)))

    def remove(self, kind: str, name: str) -> None:
        """Removes the packed file of a thing, where there is one."""
        with _away(self.url), suppress(FileNotFoundError):
            self._files.rm_file(self._path(kind, name))

    def names(self, kind: str) -> Iterator[str]:
        """The names of all things of a kind that lie there."""
        base = f"{self._root.rstrip('/')}/{kind}"
        with _away(self.url):
            self._files.invalidate_cache()
            for path in sorted(self._files.find(base) if self._files.exists(base) else []):
                name = str(path)[len(base) + 1 :]
                if name.endswith(SUFFIX) and not name.rpartition("/")[2].startswith("."):
                    yield name.removesuffix(SUFFIX)

    def _path(self, kind: str, name: str) -> str:
        return f"{self._root.rstrip('/')}/{_key(kind, name)}"


def _key(kind: str, name: str) -> str:
    return "/".join([check_segment(kind), *(check_segment(part) for part in name.split("/"))]) + SUFFIX


def _copy(source: Path, target: Path) -> None:
    """A copy that is there whole or not at all, synced."""
    with storage_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{secrets.token_hex(8)}")
        try:
            with source.open("rb") as reader, temporary.open("xb") as writer:
                shutil.copyfileobj(reader, writer, _CHUNK)
                writer.flush()
                os.fsync(writer.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _protocols(files: Any) -> tuple[str, ...]:
    protocol = files.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


@contextmanager
def _away(where: str) -> Iterator[None]:
    """Turns whatever a filesystem raises into a StorageFailure that says what to do."""
    try:
        with storage_errors(Path("archive")):
            yield
    except TidebookError:
        raise
    except Exception as error:
        told = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
        raise StorageFailure(
            "The archive must answer",
            got=f"{told} at {remote.shown(where)}",
            fix="Check TIDEBOOK_ARCHIVE, its credentials and the network; nothing was removed here.",
        ) from error


class Reading:
    """A packed file that is read."""

    def __init__(self, stream: Any, url: str) -> None:
        self._stream, self._url = stream, url

    def read(self, size: int = -1) -> bytes:
        """The next bytes; StorageFailure where the archive gives none."""
        with _away(self._url):
            return bytes(self._stream.read(size))
