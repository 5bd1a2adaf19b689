"""Files that are replaced whole, and paths that cannot leave their folder."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from tidebook.core import syncing
from tidebook.core.errors import InvalidInput, NotFound, StorageFailure

MAX_SEGMENT_BYTES = 255
MAX_RECORD_BYTES = 16 * 1024 * 1024  #: of a JSON file of a run that is read whole
MODE = 0o644  #: of files that are replaced
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f/\\\ud800-\udfff]")
_numbers = count(time.time_ns() & 0xFFFFFFFF)


def check_segment(name: str, what: str = "A name") -> str:
    """`name`, if it is safe as one segment of a path; else InvalidInput."""
    if not name or name in {".", ".."} or _FORBIDDEN.search(name) or len(name.encode()) > MAX_SEGMENT_BYTES:
        raise InvalidInput(
            f"{what} must be 1 to {MAX_SEGMENT_BYTES} bytes without '/', '\\', control characters, and not '.' or '..'",
            got=repr(name[:80]),
            fix="Use letters, digits, '-', '_' and '.'.",
        )
    return name


def safe_join(root: Path, *segments: str) -> Path:
    """`root` and the segments (each may hold '/') joined; InvalidInput if the result, links followed, leaves `root`."""
    parts = [check_segment(part, "A path segment") for segment in segments for part in segment.split("/")]
    place = os.fspath(root)
    for part in parts:
        place = f"{place}{os.sep}{part}"
        if _is_link(place):  # Following links costs several times as much as seeing that there are none.
            _check_inside(root, parts)
    return Path(place)


def _is_link(place: str) -> bool:
    try:
        return stat.S_ISLNK(os.lstat(place).st_mode)
    except OSError:
        return False  # What is not there leads nowhere.


def _check_inside(root: Path, parts: Sequence[str]) -> None:
    try:
        is_inside = root.joinpath(*parts).resolve().is_relative_to(root.resolve())
    except (RuntimeError, OSError):  # Links that lead in a circle.
        is_inside = False
    if not is_inside:
        raise InvalidInput(
            "A path must stay inside its folder",
            got=repr("/".join(parts)[:80]),
            fix="Remove the link that leads outside.",
        )


def write_json(path: Path, value: object, *, later: bool = False) -> None:
    """Replace `path` with `value` as readable JSON, atomically: readers see the old file or the new one.

    With `later` it is synced within the next second, together with others, and not before this returns.
    """
    write_bytes(path, dump_json(value), later=later)


def dump_json(value: object) -> bytes:
    """`value` as readable UTF-8 JSON; numpy values are taken, non-finite numbers become null."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


def write_bytes(path: Path, content: bytes, *, later: bool = False) -> None:
    """Replace `path` with `content`, atomically and synced (`later`: within the next second).

    Nothing is left behind where that fails.
    """
    with storage_errors(path):
        temporary, handle = _beside(path)
        try:
            try:
                if os.write(handle, content) != len(content):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                if not later:
                    os.fsync(handle)
            finally:
                os.close(handle)
            os.replace(temporary, path)  # noqa: PTH105 - as text: a Path costs as much as the call
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)  # noqa: PTH108
            raise
    if later:
        syncing.replaced(path)


@contextmanager
def replacing(path: Path, *, later: bool = False) -> Iterator[Path]:
    """A temporary file beside `path` to fill; on leaving it takes the place of `path`, on an error it vanishes.

    It is synced before that, or with `later` within the next second.
    """
    with storage_errors(path):
        name, handle = _beside(path)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(MODE)
            if not later:
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    if later:
        syncing.replaced(path)


def _beside(path: Path) -> tuple[str, int]:
    """A new hidden file beside `path`, open to be written; its folder is made where there is none."""
    folder, name = os.path.split(path)
    while True:
        temporary = os.path.join(folder, f".{name[:40]}.{os.getpid()}-{next(_numbers):x}")  # noqa: PTH118
        try:
            handle = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            continue  # Left by a process of the same number that was killed.
        else:
            os.fchmod(handle, MODE)
            return temporary, handle


def read_json(path: Path) -> Any:
    """The value in the JSON file at `path`; NotFound if there is none or it is not JSON."""
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise NotFound(
            "The file must exist",
            got=f"no file {path.name} in {path.parent.name}",
            fix="It may have been deleted.",
        ) from error
    except orjson.JSONDecodeError as error:
        raise NotFound(
            f"{path.name} must be JSON",
            got=f"a fault ({error})",
            fix="Restore the file from a backup or delete it.",
        ) from error


def _home() -> Path:
    from tidebook.core.settings import Settings  # Here, because it takes long to import.

    return Settings().home.absolute()


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns a full, read-only or failing disk into a StorageFailure that says what to do.

    InvalidInput where it cannot hold a name as long as that.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InvalidInput(
                "The name of a file or folder must not be longer than the disk allows",
                got=repr(Path(str(error.filename or path)).name[:80]),
                fix=f"Choose a shorter one; {MAX_SEGMENT_BYTES} bytes are usual.",
            ) from error
        in_home = Path(str(error.filename or path)).absolute().is_relative_to(_home())
        causes = {
            errno.ENOSPC: (
                "no space left on the disk",
                "Free some space and try again; nothing was half written.",
            ),
            errno.EDQUOT: (
                "the quota is used up",
                "Free some space and try again; nothing was half written.",
            ),
            errno.EROFS: (
                "a read-only file system",
                f"Choose a folder that can be written{' (TIDEBOOK_HOME)' if in_home else ''}.",
            ),
            errno.EACCES: (
                "no permission",
                f"Choose a folder that you may write{' (TIDEBOOK_HOME)' if in_home else ''}.",
            ),
        }
        if error.errno not in causes:
            raise
        got, fix = causes[error.errno]
        raise StorageFailure(f"{path.name} must be written to {path.parent}", got=got, fix=fix) from error
