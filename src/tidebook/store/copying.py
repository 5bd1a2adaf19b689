"""Copies a file and digests what arrived, without waiting for the one to do the other."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from blake3 import blake3

from tidebook.abc import FileEntry
from tidebook.core.errors import Conflict, InvalidInput, NotFound, StorageFailure
from tidebook.core.files import storage_errors
from tidebook.store.arriving import Part, arriving
from tidebook.store.digesting import Digest

Guard = Callable[[FileEntry], AbstractContextManager[None]]  #: in which a file takes its place

CHUNK = 1 << 19  #: bytes of a file that is copied and digested at the same time
_SMALL = 1 << 20  #: bytes up to which a file is read at once
_HANDFUL = 1 << 20  #: bytes of what arrives that are written and digested at once
_MOST = 256  #: pieces of it
_STRETCH = 16 << 20  #: bytes that the system copies at once
_SETTLED = 10**8  #: nanoseconds after which a change of a file shows in its time
_FICLONE = 0x40049409
_NOT_INSIDE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF, errno.EPERM}


def _free(_: FileEntry) -> AbstractContextManager[None]:
    return nullcontext()


def copy(
    source: Path | str, target: Path | str, path: str, expected: FileEntry | None = None, guard: Guard = _free
) -> FileEntry:
    """Copies `source` to `target`, seen whole or not at all, with its modification time; the entry calls it `path`.

    Not synced. Conflict where it changes meanwhile or is not as `expected`, NotFound without a source, InvalidInput
    where it is no regular file, StorageFailure where the target cannot take it.
    """
    with opened(source) as (reader, before), _placing(target), arriving(os.fspath(target)) as part:
        if expected is not None and not _as_expected(before, expected):
            raise changed(path)
        digested = _copy(reader, before.st_size, before.st_mtime_ns, part, path)
        if not same(before, os.fstat(reader)):
            raise changed(path)
        if expected is not None and expected.digest not in {"", digested}:
            raise wrong(path)
        os.utime(part.handle, ns=(before.st_atime_ns, before.st_mtime_ns))
        if before.st_mode & stat.S_IXUSR:
            os.fchmod(part.handle, 0o755)
        taken = FileEntry(path, before.st_size, moment(before.st_mtime_ns), digested)
        part.placing = guard(taken)
    return taken


def receive(
    read: Callable[[int], Iterable[bytes]], target: Path | str, path: str, entry: FileEntry, guard: Guard = _free
) -> FileEntry:
    """The same from a place that `read` gives the content of, from a byte on, in pieces.

    Where an earlier call was cut, and the digest to reach is known, only the rest is read.
    """
    with _placing(target), arriving(os.fspath(target), keep=bool(entry.digest)) as part:
        start = os.fstat(part.handle).st_size
        digested = _receive(read, part, path, entry)
        if start and digested != entry.digest:  # What was there came from something else.
            os.ftruncate(part.handle, 0)
            digested = _receive(read, part, path, entry)
        if entry.digest not in {"", digested}:
            raise wrong(path)
        nanoseconds = nanoseconds_of(entry.mtime)
        os.utime(part.handle, ns=(nanoseconds, nanoseconds))
        taken = FileEntry(path, entry.size, entry.mtime, digested)
        part.placing = guard(taken)
    return taken


def digest(path: Path | str) -> str:
    """`blake3:` and the hex digest of the file at `path`."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123
        return digest_of(iter(lambda: file.read(CHUNK), b""))


def digest_of(pieces: Iterable[bytes | memoryview]) -> str:
    """The digest of content that comes in pieces."""
    hasher = blake3()
    for piece in pieces:
        hasher.update(piece)
    return f"blake3:{hasher.hexdigest()}"


@contextmanager
def opened(source: Path | str) -> Iterator[tuple[int, os.stat_result]]:
    """A descriptor of a regular file that is no link, and what it is; NotFound or InvalidInput where it is not one."""
    try:
        handle = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound("A file must exist to be stored", got=f"no file {source}", fix="Check the path.") from error
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:
            raise _not_regular(source) from error
        if error.errno in {errno.EACCES, errno.EPERM}:
            raise StorageFailure("A file must be readable to be stored", got=str(source), fix="Permit it.") from error
        raise
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise _not_regular(source)
        yield handle, found
    finally:
        os.close(handle)


def clone(reader: int, writer: int) -> bool:
    """Makes one file share all blocks of another, where the file system can; False where it cannot."""
    try:
        fcntl.ioctl(writer, _FICLONE, reader)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise
        return False
    return True


def write_all(handle: int, *pieces: bytes) -> None:
    """Writes all of `pieces`, however little the system takes at once."""
    left = [memoryview(piece) for piece in pieces]
    while left:
        count = os.writev(handle, left)
        while left and count >= len(left[0]):
            count -= len(left.pop(0))
        if count:
            left[0] = left[0][count:]


def moment(nanoseconds: int) -> str:
    """A file's modification time as ISO 8601 in UTC, to the microsecond."""
    whole, rest = divmod(nanoseconds, 10**9)
    return f"{_second(whole)}.{rest // 1000:06d}+00:00"


def nanoseconds_of(mtime: str) -> int:
    """The modification time that `moment` wrote, or another program."""
    when = datetime.fromisoformat(mtime)
    whole = when.replace(microsecond=0)
    return int((whole if whole.tzinfo else whole.replace(tzinfo=UTC)).timestamp()) * 10**9 + when.microsecond * 1000


def changed(path: str) -> Conflict:
    """The error for a source that did not stay as it was."""
    return Conflict("A file must stay as it is while it is stored", got=f"{path}, which changed", fix="Try again.")


def wrong(path: str) -> Conflict:
    """The error for content that is not what its digest says."""
    return Conflict(
        "What is copied must have the digest that was written down for it",
        got=f"{path}, which is damaged at its source or was on the way",
        fix="Run `tidebook verify` where it comes from, and put the file there again.",
    )


@lru_cache(4096)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _copy(reader: int, size: int, changed_at: int, part: Part, path: str) -> str:
    """Copies all from `reader`, and returns the digest of what arrived."""
    if size <= _SMALL:
        data = os.read(reader, size + 1)
        while data and len(data) < size and (more := os.read(reader, size + 1 - len(data))):
            data += more
        if len(data) != size:
            raise changed(path)
        write_all(part.handle, data)
        return f"blake3:{blake3(data).hexdigest()}"
    if clone(reader, part.handle):
        return digest_of(_pieces(reader, size))
    if time.time_ns() - changed_at < _SETTLED:
        return _copy_digesting(reader, size, part, path)
    # Two threads read the same, each as fast as it can; that it stayed the same, its time tells.
    with ThreadPoolExecutor(1, "tidebook-digest") as pool:
        digested = pool.submit(digest_of, _pieces(reader, size))
        at = 0
        for count in _stretches(reader, part.handle):
            at += count
    if at != size:
        raise changed(path)
    return digested.result()


def _copy_digesting(reader: int, size: int, part: Part, path: str) -> str:
    """The same, of a file so new that a change might not show in its time: what is digested is what is written."""
    with Digest() as behind:
        at = 0
        while piece := os.read(reader, CHUNK):
            behind.update(piece)
            write_all(part.handle, piece)
            at += len(piece)
    if at != size:
        raise changed(path)
    return behind.text()


def _stretches(reader: int, writer: int) -> Iterator[int]:
    """Copies to the end, inside the system where it can, and says how much at a time."""
    inside = hasattr(os, "copy_file_range")
    while True:
        if inside:
            try:
                count = os.copy_file_range(reader, writer, _STRETCH)
            except OSError as error:
                if error.errno not in _NOT_INSIDE:
                    raise
                inside = False
                continue
        else:
            piece = os.read(reader, CHUNK)
            write_all(writer, piece)
            count = len(piece)
        if not count:
            return
        yield count


def _pieces(reader: int, size: int) -> Iterator[memoryview]:
    """What `reader` reads, from its begin on, in pieces of which each is good until the next."""
    buffer, at = memoryview(bytearray(CHUNK)), 0
    while at < size and (count := os.preadv(reader, [buffer], at)):
        yield buffer[:count]
        at += count


def _receive(read: Callable[[int], Iterable[bytes]], part: Part, path: str, entry: FileEntry) -> str:
    """Appends what is missing, and returns the digest of the whole."""
    here = os.fstat(part.handle).st_size
    size = min(here, entry.size)
    if size < here:  # A file that was truncated is written to the disk as it is closed, with all that came since.
        os.ftruncate(part.handle, size)
    os.lseek(part.handle, size, os.SEEK_SET)
    with Digest() as behind:
        at = 0
        while piece := os.pread(part.handle, CHUNK, at):
            behind.update(piece)
            at += len(piece)
        part.cut = True
        for pieces in _handfuls(read(size)) if size < entry.size or not size else ():
            part.cut = False
            behind.update(*pieces)
            write_all(part.handle, *pieces)
            size += sum(map(len, pieces))
            if size > entry.size:
                break
            part.cut = True
        part.cut = size < entry.size
    if size != entry.size:
        raise changed(path)
    return behind.text()


def _handfuls(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The pieces, many at a time; where their source breaks off, what had come until then is the last."""
    waiting: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            waiting.append(piece)
            size += len(piece)
            if size >= _HANDFUL or len(waiting) == _MOST:
                yield waiting
                waiting, size = [], 0
    except Exception:
        if waiting:
            yield waiting
        raise
    if waiting:
        yield waiting


@contextmanager
def _placing(target: Path | str) -> Iterator[None]:
    try:
        yield
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
        raise Conflict(
            "A file and a folder cannot have the same place", got=str(target), fix="Rename one of the two."
        ) from error
    except OSError:
        with storage_errors(Path(target)):
            raise


def _as_expected(found: os.stat_result, entry: FileEntry) -> bool:
    return found.st_size == entry.size and (bool(entry.digest) or moment(found.st_mtime_ns) == entry.mtime)


def same(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether a file is as it was, as far as its size and time tell."""
    return (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def _not_regular(source: Path | str) -> InvalidInput:
    return InvalidInput(
        "Only regular files can be stored",
        got=f"{Path(source).name}, which is a folder, a link or a device",
        fix="Leave it out.",
    )
