"""Files as one compressed file, `.tar.zst`, and back: nothing in such a file is believed before it was checked."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from blake3 import blake3

from tidebook.abc import FileEntry
from tidebook.core.errors import DataFault
from tidebook.core.files import safe_join, storage_errors
from tidebook.store.copying import nanoseconds_of

_CHUNK = 1 << 20
_ENDLESS = 2**62  #: bytes
_SLACK = 1 << 20  #: bytes that tar may need above the content, and 2 KiB for each file


class Readable(Protocol):
    """What bytes are read from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes."""


@dataclass(frozen=True)
class Packed:
    """A packed file."""

    digest: str  #: of the packed file: "blake3:" and hex
    bytes: int


def pack(files: Mapping[str, Path], entries: Iterable[FileEntry], target: Path) -> Packed:
    """Writes the files that `entries` name, in their order, to `target`, synced.

    DataFault where a file is not as its entry says: what is damaged must not take the place of anything.
    """
    with storage_errors(target):
        with writing(target) as archive:
            for entry in entries:
                with files[entry.path].open("rb") as file:
                    info = tarfile.TarInfo(entry.path)
                    info.size = entry.size
                    reader = _Digesting(file)
                    try:
                        archive.addfile(info, reader)
                    except OSError as error:
                        if reader.count < entry.size:
                            raise _changed(entry.path) from error
                        raise
                    if reader.digest() != entry.digest or file.read(1):
                        raise _changed(entry.path)
        with target.open("rb") as raw:
            return measured(raw)


@contextmanager
def writing(target: Path) -> Iterator[tarfile.TarFile]:
    """A new packed file to be filled; it is synced in the end."""
    import pyarrow as pa

    with target.open("wb") as raw:
        with (
            pa.CompressedOutputStream(pa.PythonFile(_Writer(raw), "w"), "zstd") as stream,
            tarfile.open(fileobj=_Writer(stream), mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            yield archive
        raw.flush()
        os.fsync(raw.fileno())


@contextmanager
def reading(stream: Readable, name: str) -> Iterator[tarfile.TarFile]:
    """The members of a packed file one after another, to be checked by the caller; DataFault where it is none."""
    import pyarrow as pa

    raw = _Reader(_Digesting(stream), _ENDLESS, name)
    with _faults(name), pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd") as inner:
        bounded: Any = _Bounded(inner, _ENDLESS, name)
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            yield archive
        while bounded.read(_CHUNK):
            pass


def check(stream: Readable, packed: Packed, entries: Iterable[FileEntry], name: str) -> None:
    """Reads a packed file to its end; DataFault where it, or a file in it, is not what it must be."""
    with _opened(stream, packed, entries, name) as members:
        for _, reader in members:
            while reader.read(_CHUNK):
                pass


def unpack(stream: Readable, packed: Packed, entries: Iterable[FileEntry], folder: Path, name: str) -> None:
    """Writes the files of `entries`, and no other, below `folder`, synced; DataFault as in `check`.

    Never more than the entries' sizes is written, and nothing outside `folder`, whatever the packed file holds.
    """
    with _opened(stream, packed, entries, name) as members:
        for entry, reader in members:
            target = safe_join(folder, entry.path)
            with storage_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("xb") as file:
                    while chunk := reader.read(_CHUNK):
                        file.write(chunk)
                    file.flush()
                    os.fsync(file.fileno())
                with suppress(ValueError, OverflowError):  # A time that is none must not keep the content away.
                    when = nanoseconds_of(entry.mtime)
                    os.utime(target, ns=(when, when))


def fetch(stream: Readable, packed: Packed, target: Path, name: str) -> None:
    """Copies a packed file to `target`; DataFault where it is not what it must be."""
    raw = _Digesting(stream)
    bounded = _Reader(raw, packed.bytes, name)
    with storage_errors(target), target.open("wb") as file:
        while chunk := bounded.read(_CHUNK):
            file.write(chunk)
    _check_digest(raw, packed, name)


def measured(stream: Readable) -> Packed:
    """What a packed file is by itself: what it must hold is still to be checked."""
    raw = _Digesting(stream)
    while raw.read(_CHUNK):
        pass
    return Packed(raw.digest(), raw.count)


def check_size(size: int, packed: Packed, name: str) -> None:
    """DataFault where a packed file has not the size that it must have."""
    if size != packed.bytes:
        raise _damaged(name, f"it has {size:,} bytes, not {packed.bytes:,}")


class _Digesting:
    """A file that is digested while it is read."""

    def __init__(self, file: Any) -> None:
        self._file, self._hasher, self.count = file, blake3(), 0

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        chunk: bytes = self._file.read(size)
        self._hasher.update(chunk)
        self.count += len(chunk)
        return chunk

    def digest(self) -> str:
        """Of all that was read."""
        return f"blake3:{self._hasher.hexdigest()}"


class _Writer(io.RawIOBase):
    """Hands on what is written, but not that it is closed."""

    def __init__(self, target: Any) -> None:
        super().__init__()
        self._target = target

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._target.write(bytes(data))
        return len(data)


@contextmanager
def _opened(
    stream: Readable, packed: Packed, entries: Iterable[FileEntry], name: str
) -> Iterator[Iterator[tuple[FileEntry, _Digesting]]]:
    """The members one after another, each to be read to its end; then the packed file as a whole was right too."""
    import pyarrow as pa

    raw = _Digesting(stream)
    wanted = {entry.path: entry for entry in entries}
    limit = sum(entry.size + 2048 for entry in wanted.values()) + _SLACK
    packed_stream = pa.PythonFile(_Reader(raw, packed.bytes, name), "r")
    with _faults(name), pa.CompressedInputStream(packed_stream, "zstd") as inner:
        bounded: Any = _Bounded(inner, limit, name)
        with tarfile.open(fileobj=bounded, mode="r|") as archive:
            yield _members(archive, wanted, name)
        while bounded.read(_CHUNK):
            pass
    while raw.read(_CHUNK):
        pass
    _check_digest(raw, packed, name)


def _check_digest(raw: _Digesting, packed: Packed, name: str) -> None:
    if (raw.digest(), raw.count) != (packed.digest, packed.bytes):
        raise _damaged(name, f"its digest is {raw.digest()[:30]}…, not {packed.digest[:30]}…")


@contextmanager
def _faults(name: str) -> Iterator[None]:
    """Whatever is said of a file that is no packed one becomes a DataFault."""
    import pyarrow as pa

    try:
        yield
    except (tarfile.TarError, EOFError, pa.ArrowInvalid) as error:
        raise _damaged(name, str(error)) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _damaged(name, str(error)) from error  # what zstd says of a stream that is none


def _members(
    archive: tarfile.TarFile, wanted: Mapping[str, FileEntry], name: str
) -> Iterator[tuple[FileEntry, _Digesting]]:
    left = dict(wanted)
    for info in archive:
        entry = left.pop(info.name, None)
        if entry is None or not info.isreg() or info.issparse() or info.size != entry.size:
            raise _damaged(name, f"{info.name[:80]!r} in it is not what it should hold")
        file = archive.extractfile(info)
        reader = _Digesting(file)
        yield entry, reader
        if reader.digest() != entry.digest or reader.count != entry.size:
            raise _damaged(name, f"{entry.path} in it has changed")
    if left:
        raise _damaged(name, f"{next(iter(left))} is missing in it")


class _Reader(io.RawIOBase):
    """A stream that must not be longer than it was."""

    def __init__(self, raw: _Digesting, size: int, name: str) -> None:
        super().__init__()
        self._raw, self._left, self._name = raw, size, name

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._raw.read(_CHUNK if size < 0 else min(size, _CHUNK))
        self._left -= len(chunk)
        if self._left < 0:
            raise _damaged(self._name, "it is longer than it was")
        return chunk


class _Bounded:
    """A stream that ends with an error where it would give more than a limit."""

    def __init__(self, inner: Any, limit: int, name: str) -> None:
        self._inner, self._left, self._name = inner, limit, name

    def read(self, size: int = _CHUNK) -> bytes:
        """The next bytes."""
        chunk: bytes = self._inner.read(min(size, _CHUNK))
        self._left -= len(chunk)
        if self._left < 0:
            raise _damaged(self._name, "it unpacks to more than it should")
        return chunk


def _changed(path: str) -> DataFault:
    return DataFault(
        "A file must be as its manifest says to be archived",
        got=f"{path}, which has changed",
        fix="Look at it with `tidebook fsck`; nothing was removed.",
    )


def _damaged(name: str, fault: str) -> DataFault:
    return DataFault(
        "An archived file must be as it was written",
        got=f"{name}: {fault}",
        fix="Bring it back from a backup of the archive; nothing here was changed.",
    )
