"""Runs as one file: a zip archive of their folders, to be carried to another machine and read back there."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from tidebook.core.errors import DataFault, InvalidInput, NotFound, TidebookError, TooLarge
from tidebook.core.files import MAX_RECORD_BYTES, check_segment, replacing, storage_errors
from tidebook.core.zips import reading
from tidebook.records import labels
from tidebook.runs.liveness import HEARTBEAT
from tidebook.runs.names import claim_run, showable
from tidebook.runs.record import DELETED, is_run, read_object

MARK = "tidebook-runs.json"  #: names the runs of an archive
MAX_BYTES = 50 * 2**30  #: that an archive may unpack to
MAX_FILES = 500_000
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Unpacked:
    """What came of an archive."""

    runs: dict[str, str] = field(default_factory=dict)  #: name in the archive → name here
    present: list[str] = field(default_factory=list)  #: names in the archive of runs that were here by then


def pack(folders: Sequence[Path], target: Path) -> int:
    """Writes a zip archive of the runs in `folders` and returns how many files are in it. Links are left out."""
    count = 0
    with (
        replacing(target) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False) as archive,
    ):
        content = {"format_version": 1, "runs": [folder.name for folder in folders]}
        archive.writestr(MARK, orjson.dumps(content, option=orjson.OPT_INDENT_2))
        for folder in folders:
            for path in _files(folder):
                archive.write(path, f"{folder.name}/{path.relative_to(folder).as_posix()}")
                count += 1
    return count


def unpack(source: Path, out: Path, *, max_bytes: int = MAX_BYTES) -> Unpacked:
    """Adds the runs of an archive to `out`, once all of them are unpacked.

    A run that is there already (the same id) is passed over; another one of the same name gets a number, and what
    cannot be shown in a name becomes '-'. Runs belong to nobody at first: users are those of an installation. DataFault
    where the file is no archive or is damaged, InvalidInput where a path in it would leave its run, TooLarge where it
    would unpack to more than `max_bytes` or the disk has room for. Runs that were added before such an end are named
    in its `details.added`.
    """
    if not source.is_file():
        raise NotFound("The archive must exist", got=str(source), fix="Check the path.")
    unpacked = Unpacked()
    try:
        with reading(source) as archive:
            runs = _checked(archive, source.name)
            _check_size([info for infos in runs.values() for info in infos], out, max_bytes)
            _unpack(archive, runs, out, unpacked)
    except zipfile.BadZipFile as error:
        raise _ended(_damaged(source.name, str(error)), unpacked) from error
    except TidebookError as error:
        raise _ended(error, unpacked) from error
    return unpacked


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if not name.startswith(".") and path != folder / HEARTBEAT and stat.S_ISREG(path.lstat().st_mode):
                yield path


def _checked(archive: zipfile.ZipFile, name: str) -> dict[str, list[zipfile.ZipInfo]]:
    """The files of each run; nothing is unpacked before all of them were looked at."""
    runs: dict[str, list[zipfile.ZipInfo]] = {}
    seen: set[PurePosixPath] = set()
    for info in archive.infolist():
        if info.filename == MARK or info.is_dir():
            continue
        path = _path(info)
        if path in seen:
            raise _damaged(name, f"{info.filename} is in it twice")
        seen.add(path)
        runs.setdefault(path.parts[0], []).append(info)
    if any(parent in seen for path in seen for parent in path.parents):
        raise _damaged(name, "a file in it is a folder as well")
    if not runs:
        raise _damaged(name, "it holds no run")
    return runs


def _path(info: zipfile.ZipInfo) -> PurePosixPath:
    kind = stat.S_IFMT(info.external_attr >> 16)
    # The name as it is written in the archive: zipfile itself shortens it at a zero byte.
    parts = info.orig_filename.split("/")
    if len(parts) < 2 or kind not in (0, stat.S_IFREG) or parts[0].startswith("."):
        raise InvalidInput(
            "An archive of runs must hold plain files in a folder for each run",
            got=f"{info.orig_filename!r:.80}",
            fix="Make it with `tidebook runs export`.",
        )
    return PurePosixPath(*(check_segment(part, "A path in an archive") for part in parts))


def _check_size(infos: Iterable[zipfile.ZipInfo], out: Path, max_bytes: int) -> None:
    sizes = [info.file_size for info in infos]
    with storage_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(out).free
    if len(sizes) > MAX_FILES or sum(sizes) > min(max_bytes, free):
        raise TooLarge(
            f"An archive must unpack to at most {MAX_FILES:,} files and {min(max_bytes, free):,} bytes",
            got=f"{len(sizes):,} files and {sum(sizes):,} bytes",
            fix="Export fewer runs at once, or free some space.",
        )


def _unpack(archive: zipfile.ZipFile, runs: dict[str, list[zipfile.ZipInfo]], out: Path, result: Unpacked) -> None:
    ids_here = (read_object(folder / "metadata.json", []).get("id") for folder in out.iterdir())
    here = {each for each in ids_here if isinstance(each, str)}
    temporary = out / f".import-{os.getpid()}-{secrets.token_hex(8)}"
    with storage_errors(out):
        temporary.mkdir()
        try:
            ids: dict[str, str | None] = {}  # of the runs that are new, by their names
            for name, infos in runs.items():
                marked = next((info for info in infos if info.orig_filename == f"{name}/metadata.json"), None)
                run_id = None if marked is None or marked.file_size > MAX_RECORD_BYTES else _id(archive.read(marked))
                if run_id is not None and (run_id in here or run_id in ids.values()):
                    result.present.append(name)
                else:
                    _fill(archive, infos, temporary / name)
                    ids[name] = run_id
            for name in ids:
                folder = claim_run(out, showable(name))
                (temporary / name).rename(folder)
                result.runs[name] = folder.name
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _fill(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo], folder: Path) -> None:
    for info in infos:
        target = folder.joinpath(*info.orig_filename.split("/")[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(info) as source, target.open("xb") as file:
            shutil.copyfileobj(source, file, _BLOCK)
    if (folder / DELETED).exists() or not is_run(folder):
        raise InvalidInput(
            "Every folder in an archive of runs must be one of a run",
            got=folder.name,
            fix="Make it with `tidebook runs export`.",
        )
    labels.change(folder, owner=None)


def _id(content: bytes) -> str | None:
    try:
        value: Any = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _ended(error: TidebookError, unpacked: Unpacked) -> TidebookError:
    """The error, which says as well what was added before it."""
    if not unpacked.runs:
        return error
    added = list(unpacked.runs.values())
    names = ", ".join(added[:3]) + (f" and {len(added) - 3} more" if len(added) > 3 else "")
    told = f"{error.fix} Before that, {names} had been added."
    return type(error)(error.rule, got=error.got, fix=told, **{**error.details, "added": added})


def _damaged(name: str, fault: str) -> DataFault:
    return DataFault(
        "The file must be a zip archive of runs", got=f"{name}: {fault}", fix="Make it with `tidebook runs export`."
    )
