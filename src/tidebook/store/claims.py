"""Claims: who reserved which number of a line, and names that differ in case alone."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tidebook.core.clock import timestamp
from tidebook.core.errors import Conflict, InvalidInput, NotFound
from tidebook.core.files import dump_json, read_json, storage_errors
from tidebook.store.copying import write_all

CLAIM = ".claim"
MOST = 999_999_999  #: the highest number of a version
_VERSION = re.compile(r"v([1-9]\d{0,8})")


def numbers(line: Path) -> list[int]:
    """The numbers that folders below `line` have, ascending: versions, claims and tombstones."""
    try:
        names = [entry.name for entry in line.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return numbers_in(names)


def numbers_in(names: Iterable[str]) -> list[int]:
    """The numbers among the names of what stands below a line, ascending."""
    return sorted(int(match[1]) for match in map(_VERSION.fullmatch, names) if match)


def signature(owner: str) -> dict[str, object]:
    """What a claim says."""
    return {"format_version": 1, "owner": owner, "claimed_at": timestamp()}


def owner_of(folder: Path) -> str | None:
    """Who claimed `folder`; None where nobody did, or died before saying so."""
    try:
        claim = read_json(folder / CLAIM)
    except (NotFound, NotADirectoryError):
        return None
    return str(claim["owner"]) if isinstance(claim, dict) and "owner" in claim else None


def take(line: Path, owner: str, above: int) -> int:
    """Makes the folder of the next number below `line` for `owner`: nobody else can have it."""
    number = max([above, *numbers(line)]) + 1
    while True:
        folder = line / f"v{check_number(number)}"
        with storage_errors(folder):
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
                continue
            try:
                _sign(folder, owner)
            except BaseException:
                # Gives the number back: nothing of it was ever seen.
                with suppress(OSError):
                    (folder / CLAIM).unlink(missing_ok=True)
                    folder.rmdir()
                raise
            return number


def check_number(number: int) -> int:
    """`number`, if a version can have it; else Conflict."""
    if number > MOST:
        raise Conflict(
            f"The number of a version must be at most {MOST:,}",
            got=f"{number:,} as the next one",
            fix="Publish to another line.",
        )
    return number


def make_line(root: Path, segments: list[str]) -> Path:
    """The folder of a line, made where it is missing; InvalidInput where a twin in other case exists."""
    folder = root
    with storage_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        for segment in segments:
            child = folder / segment
            made = not child.is_dir()
            if made:
                _refuse_twin(folder, segment)
                child.mkdir(exist_ok=True)
                # Again, for a twin that was made at the same moment: then neither stays.
                try:
                    _refuse_twin(folder, segment)
                except InvalidInput:
                    with suppress(OSError):
                        child.rmdir()
                    raise
            elif segment not in {entry.name for entry in folder.iterdir()}:
                _refuse_twin(folder, segment)  # A file system that ignores case said that it exists.
            folder = child
    return folder


def _refuse_twin(folder: Path, segment: str) -> None:
    refuse_twin([entry.name for entry in folder.iterdir()], segment)


def refuse_twin(names: Iterable[str], segment: str) -> None:
    """InvalidInput where one of the names differs from `segment` in upper and lower case alone."""
    key = fold(segment)
    for name in names:
        if name != segment and fold(name) == key:
            raise InvalidInput(
                "Names in the store must differ in more than upper and lower case",
                got=f"{segment} beside {name}",
                fix=f"Use {name}, or rename one of the two.",
            )


def fold(name: str) -> str:
    """What is equal for names that some file systems take for one."""
    return unicodedata.normalize("NFC", name).casefold()


def _sign(folder: Path, owner: str) -> None:
    data = dump_json(signature(owner))
    handle = os.open(folder / CLAIM, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        write_all(handle, data)  # Not synced: a claim that a power loss takes is a gap, and nothing else.
    finally:
        os.close(handle)
