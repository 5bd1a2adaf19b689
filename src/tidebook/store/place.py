"""Where archived things lie: packed files below one folder or URL, none of which ever takes the place of another."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tidebook.abc import FileEntry
from tidebook.core.errors import DataFault, NotFound, StorageFailure, TidebookError
from tidebook.core.files import check_segment, storage_errors
from tidebook.store import identity, packing, remote
from tidebook.store.packing import Packed

if TYPE_CHECKING:
    from tidebook.core.settings import Settings

SUFFIX = ".tar.zst"
_CHUNK = 1 << 20
_PACK = re.compile(r"(.+)\.([0-9a-f]{12})-[0-9a-f]{16}\.tar\.zst")


class Place:
    """The archive at `where`: a folder, file://, s3://, oss:// or memory://. Nothing outside it is ever touched.

    Several homes may share it: what one puts there carries its mark. `home` is the folder of that home.
    """

    def __init__(self, where: str, home: Path | None = None) -> None:
        with _away(where):
            self._files, self._root = remote.filesystem(where)
        self._where, self._home = where, home
        self.url = remote.shown(where).rstrip("/")
        self._local = Path(self._root) if "file" in _protocols(self._files) else None

    @classmethod
    def of(cls, settings: Settings) -> Place:
        """The archive of a home."""
        return cls(settings.archive_place, settings.home)

    def put(self, kind: str, name: str, pack: str, source: Path, packed: Packed, entries: Iterable[FileEntry]) -> str:
        """Copies a packed file there under a name of `new_pack`, reads it back, and returns its URL.

        StorageFailure where it is not the same then, or something of that name is there.
        """
        path = self._path(kind, name, pack)
        with _away(self.url):
            if self._files.exists(path):
                raise StorageFailure(
                    "What is archived must not take the place of anything", got=f"{pack}, which is there", fix="Retry."
                )
            if self._local is not None:
                _copy(source, Path(path))
            else:
                self._files.put_file(os.fspath(source), path)
        try:
            with self.opened(kind, name, pack) as stream:
                packing.check(stream, packed, entries, name)
        except DataFault as error:
            raise StorageFailure(
                "What is archived must read back as it was written", got=error.got, fix="Try again; check the archive."
            ) from error
        return located(self._where, kind, name, pack)

    def new_pack(self, name: str) -> str:
        """A name for a packed file of a thing that no other has, had or will have."""
        own = identity.made(self._home) if self._home is not None else secrets.token_hex(6)
        return f"{name.rpartition('/')[2]}.{own}-{secrets.token_hex(8)}{SUFFIX}"

    @contextmanager
    def opened(self, kind: str, name: str, pack: str) -> Iterator[Reading]:
        """A packed file of a thing; NotFound where there is none, StorageFailure where the archive is away."""
        path = self._path(kind, name, pack)
        with _away(self.url):
            try:
                stream = self._files.open(path, "rb")
            except FileNotFoundError as error:
                raise self._lost(kind, name, pack) from error
        with closing(stream):
            yield Reading(stream, self.url, self._lost(kind, name, pack))

    def size(self, kind: str, name: str, pack: str) -> int:
        """The bytes of a packed file; NotFound where there is none."""
        path = self._path(kind, name, pack)
        with _away(self.url):
            try:
                return int(self._files.info(path)["size"])
            except FileNotFoundError as error:
                raise self._lost(kind, name, pack) from error

    def remove(self, kind: str, name: str, pack: str) -> None:
        """Removes one packed file of a thing, where it is there."""
        path = self._path(kind, name, pack)
        with _away(self.url), suppress(FileNotFoundError):
            self._files.rm_file(path)

    def packs(self, kind: str) -> Iterator[tuple[str, str]]:
        """The things and packed files of a kind that lie there."""
        base = f"{self._root.rstrip('/')}/{kind}"
        with _away(self.url):
            self._files.invalidate_cache()
            for path in sorted(self._files.find(base) if self._files.exists(base) else []):
                above, _, pack = str(path)[len(base) + 1 :].rpartition("/")
                if found := _PACK.fullmatch(pack):
                    yield (f"{above}/{found[1]}" if above else found[1]), pack

    def is_own(self, pack: str) -> bool:
        """Whether this home, and no other that shares the archive, has put a packed file there."""
        found = _PACK.fullmatch(pack)
        if found is None or self._home is None:
            return False
        if self._local is not None and self._local.resolve().is_relative_to(self._home.resolve()):
            return found[2] in identity.ever(self._home)  # It went wherever the home went.
        return found[2] == identity.known(self._home)

    def age(self, kind: str, name: str, pack: str) -> float:
        """Seconds since a packed file was written; 0 where it is gone."""
        path = self._path(kind, name, pack)
        with _away(self.url):
            try:
                written: datetime = self._files.modified(path)
            except FileNotFoundError:
                return 0.0
        return time.time() - written.timestamp()

    def _path(self, kind: str, name: str, pack: str) -> str:
        return f"{self._root.rstrip('/')}/{_key(kind, name, pack)}"

    def _lost(self, kind: str, name: str, pack: str) -> NotFound:
        return NotFound(
            "What is archived must be in the archive",
            got=f"nothing at {located(self._where, kind, name, pack)}",
            fix="Set TIDEBOOK_ARCHIVE to where it was archived, or bring it back from a backup.",
        )


def located(where: str, kind: str, name: str, pack: str) -> str:
    """Where a packed file lies in the archive at `where`, without secrets."""
    return f"{remote.shown(where).rstrip('/')}/{_key(kind, name, pack)}"


def here(url: str, where: str, kind: str, name: str) -> str:
    """Where what was once put at `url` lies in the archive at `where`: the home may have moved since."""
    try:
        return located(where, kind, name, url.rpartition("/")[2])
    except TidebookError:
        return url


def _key(kind: str, name: str, pack: str) -> str:
    """Of what a record says, only a name that `new_pack` may give to this very thing is believed."""
    *above, last = name.split("/")
    found = _PACK.fullmatch(pack)
    if found is None or found[1] != last:
        raise DataFault(
            "A packed file must be one of what it is of", got=f"{pack[:120]!r} for {name}", fix="Check archived.json."
        )
    return "/".join([check_segment(kind), *(check_segment(part) for part in above), check_segment(pack)])


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

    def __init__(self, stream: Any, url: str, lost: NotFound) -> None:
        self._stream, self._url, self._lost = stream, url, lost

    def read(self, size: int = -1) -> bytes:
        """The next bytes; StorageFailure where the archive gives none, NotFound where it was removed meanwhile."""
        with _away(self._url):
            try:
                return bytes(self._stream.read(size))
            except FileNotFoundError as error:
                raise self._lost from error
