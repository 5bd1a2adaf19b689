"""Files of a home that is in use, copied as of one moment each."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, Any

from tidebook.core.ids import is_id
from tidebook.core.settings import Settings
from tidebook.health.finding import TEMPORARY
from tidebook.runs.record import DELETED
from tidebook.store.archiving import RECORD as ARCHIVED

FOLDERS = ("out", "saved_models", "saved_predictions", "datasets", "tasks", "plugins", "archive", "lost+found")
_LINES = re.compile(r".*\.(log|jsonl|txt)")
_LARGEST_LOG = 2**31  #: bytes of a log that is cut at a whole entry in memory


@dataclass(frozen=True)
class Snapshot:
    """A file as of one moment."""

    path: str  #: below the home, with '/'
    size: int  #: bytes that belong to it; what is written behind them later does not
    mtime: float  #: seconds since 1970, to the microsecond
    file: IO[bytes]


def snapshots(settings: Settings) -> Iterator[Snapshot]:
    """Every file of the home that is worth keeping; caches, databases and half-written files are not.

    Files that are replaced whole are taken as they are, logs that grow up to their last whole entry. What is deleted
    meanwhile is left out; a version without its manifest is left out whole, but for its claim. What goes to the archive
    or comes back from it meanwhile is in the copy in one place or the other, or in both.
    """
    taken: set[Path] = set()
    for name in FOLDERS:  # The archive last: what goes there meanwhile is found there.
        yield from _snapshots(settings, _walk(settings.home / name, taken), taken)
    for path in sorted(taken):  # What has come back meanwhile is not there any more, but here.
        if path.name.endswith(ARCHIVED) and not path.exists():
            yield from _snapshots(settings, _walk(path.parent, taken), taken)


def _snapshots(settings: Settings, paths: Iterable[Path], taken: set[Path]) -> Iterator[Snapshot]:
    """Of each file that is there and was not taken yet."""
    for path in paths:
        found = next(((each, file) for each in (path, *_others(path)) if (file := _opened(each))), None)
        if found is None:
            continue  # Deleted meanwhile.
        with closing(found[1]) as file:
            if found[0] in taken:
                continue
            taken.add(found[0])
            facts = os.fstat(file.fileno())
            relative = found[0].relative_to(settings.home).as_posix()
            size, content = _whole(relative, file, facts.st_size)
            yield Snapshot(relative, size, facts.st_mtime_ns // 1000 / 1e6, content)


def _walk(folder: Path, taken: Collection[Path]) -> Iterator[Path]:
    """Every file below a folder; at the end of each what says that some of it is gone by then, or what came back."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    held = {entry.name for entry in listed}
    folders = [entry.path for entry in listed if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")]
    names = held - {Path(each).name for each in folders}
    if DELETED in held:
        names, folders = names & {DELETED, ARCHIVED, ".claim"}, []
    elif ".claim" in held and "manifest.json" not in held:
        names, folders = {".claim"}, []  # Not published yet: its number is all that is known.
    for name in sorted(names):
        if not TEMPORARY.fullmatch(name) and folder / name not in taken:
            yield folder / name
    for each in folders:
        yield from _walk(Path(each), taken)
    yield from (folder / name for name in (DELETED, ARCHIVED) if name not in held and (folder / name).exists())
    if ARCHIVED in held and not (folder / ARCHIVED).exists():
        yield from _walk(folder, taken)


def _opened(path: Path) -> IO[bytes] | None:
    """A regular file to be read; None where there is none."""
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError:
        return None  # Or a link.
    if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return file
    file.close()
    return None


def _others(path: Path) -> list[Path]:
    """Where a forecast is when it is not where it was: it may go to the archive or come back meanwhile."""
    stem = path.name.removesuffix(".json")
    if not is_id(stem.removesuffix(".archived"), "PRED"):
        return []
    return [path.with_name(f"{stem.removesuffix('.archived')}.json"), path.with_name(f"{stem}.archived.json")]


def _whole(path: str, file: IO[bytes], size: int) -> tuple[int, IO[bytes]]:
    name = path.rpartition("/")[2]
    if name == "metrics.json" and size <= _LARGEST_LOG:
        content = cut_array(file.read(size))
        return len(content), BytesIO(content)
    if _LINES.fullmatch(name) and 0 < size <= _LARGEST_LOG:
        return _last_line(file, size), file
    return size, file


def cut_array(content: bytes) -> bytes:
    """A log that is a JSON array, up to its last whole entry: one entry is one line."""
    if content.rstrip().endswith(b"]") or not content.lstrip().startswith(b"["):
        return content
    end = content.rfind(b"},\n")
    return content[: end + 1] + b"\n]" if end > 0 else b"[\n]"


def _last_line(file: IO[bytes], size: int) -> int:
    """The bytes up to the last line's end; all of them where there is none."""
    step, end = 65_536, size
    while end > 0:
        start = max(0, end - step)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            file.seek(0)
            return start + found + 1
        end = start
    file.seek(0)
    return size


def date(path: Path, mtime: float) -> None:
    """Gives a file the time of a snapshot."""
    nanoseconds = round(mtime * 1e6) * 1000
    os.utime(path, ns=(nanoseconds, nanoseconds))


def pieces(file: Any, size: int) -> Iterator[bytes]:
    """The first `size` bytes; zeros in place of what was cut off meanwhile."""
    left = size
    while left:
        piece = file.read(min(left, 1 << 20)) or bytes(min(left, 1 << 20))
        left -= len(piece)
        yield piece
