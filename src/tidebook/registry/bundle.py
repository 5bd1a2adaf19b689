"""A version as one file: a zip archive with its manifest, to be carried to another machine and read there."""

from __future__ import annotations

import shutil
import stat
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
from blake3 import blake3

from tidebook.abc import Store
from tidebook.core.errors import DataFault, InvalidInput, NotFound, TooLarge
from tidebook.core.files import MAX_RECORD_BYTES, check_segment, replacing
from tidebook.core.scope import Address
from tidebook.core.zips import reading
from tidebook.records import labels as records
from tidebook.registry.intake import present, take_in
from tidebook.registry.reader import Reader
from tidebook.registry.weights import MODEL, UNTOLD, fault
from tidebook.store.copying import digest

MARK = "tidebook-version.json"
FOLDER = "files/"
MAX_BYTES = 50 * 2**30  #: that an archive may unpack to
MAX_FILES = 100_000
_BLOCK = 1 << 20


def pack(models: Reader, address: Address, target: Path) -> int:
    """Writes a version with all its files to a zip archive and returns their number.

    DataFault where a file is not as the manifest says: what is damaged is not carried on.
    """
    folder = models.path(address)
    item, manifest = models.item(address), models.store.manifest(str(address))
    _check_whole(folder, address, manifest["files"])
    content = {
        "format_version": 1,
        "address": str(address),
        "files": manifest["files"],
        "labels": {name: item[name] for name in ("tags", "notes")},
        "problem": item["problem"],
    }
    with (
        replacing(target) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1, strict_timestamps=False) as archive,
    ):
        archive.writestr(MARK, orjson.dumps(content, option=orjson.OPT_INDENT_2))
        for entry in manifest["files"]:
            archive.write(folder / entry["path"], f"{FOLDER}{entry['path']}")
    return len(manifest["files"])


def unpack(store: Store, source: Path, *, max_bytes: int = MAX_BYTES) -> tuple[Address, bool]:
    """Adds the version in an archive to its line, under its number or the next one; its address, and if it is new.

    It is not where the line has a version with the same files.

    DataFault where the file is no such archive or a file in it is not as its manifest says, InvalidInput where a path
    in it would leave the version, TooLarge where it would unpack to more than `max_bytes` or the disk has room for.
    """
    if not source.is_file():
        raise NotFound("The archive must exist", got=str(source), fix="Check the path.")
    try:
        with reading(source) as archive:
            address, files, labels, untold = _content(archive, source.name)
            digested = blake3(orjson.dumps([str(address), files], option=orjson.OPT_SORT_KEYS)).hexdigest()
            with store.workspace(f"import {digested}") as folder:
                here = present(store, address, {path: str(entry["digest"]) for path, entry in files.items()})
                if here is not None:
                    return here, False
                _check_size(files, folder, max_bytes)
                made = {path: _extract(archive, source.name, entry, folder / path) for path, entry in files.items()}
                problem = (fault(made[MODEL]) or untold) if MODEL in made else f"There is no {MODEL} to load."
                return take_in(store, address, made, digested[:32], labels=labels, problem=problem)
    except zipfile.BadZipFile as error:
        raise _damaged(source.name, str(error)) from error


def _check_whole(folder: Path, address: Address, entries: Iterable[Mapping[str, Any]]) -> None:
    for entry in entries:
        path = folder / entry["path"]
        if not path.is_file() or digest(path) != entry["digest"]:
            raise DataFault(
                "A version must be as its manifest says to be exported",
                got=f"{entry['path']} of {address}, which has changed or is gone",
                fix="Look at it with `tidebook fsck`.",
            )


def _content(
    archive: zipfile.ZipFile, name: str
) -> tuple[Address, dict[str, Mapping[str, Any]], dict[str, Any], str | None]:
    """The address, the entries of the files, the labels, and UNTOLD where it is said of the version.

    Everything is looked at before anything is unpacked.
    """
    mark = _mark(archive, name)
    entries = mark.get("files")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _damaged(name, "its list of files is missing")
    files: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        path = entry.get("path")
        if not isinstance(path, str) or type(entry.get("size")) is not int or not isinstance(entry.get("digest"), str):
            raise _damaged(name, "its list of files is damaged")
        for part in path.split("/"):
            check_segment(part, "A path in an archive")
        files[path] = entry
    held = [info for info in archive.infolist() if info.filename != MARK and not info.is_dir()]
    for info in held:
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise _damaged(name, f"{info.filename[:80]} is no plain file")
    # The name as it is written in the archive: zipfile itself shortens it at a zero byte.
    if sorted(info.orig_filename for info in held) != sorted(f"{FOLDER}{path}" for path in files):
        raise _damaged(name, "it does not hold the files of its list")
    address = Address.parse(str(mark.get("address")))
    if address.version is None:
        raise _damaged(name, "it does not say which version it is")
    told = mark.get("labels")
    labels = {each: told[each] for each in ("tags", "notes") if isinstance(told, dict) and each in told}
    return address, files, records.check(labels), UNTOLD if mark.get("problem") == UNTOLD else None


def _mark(archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    marked = next((info for info in archive.infolist() if info.filename == MARK), None)
    if marked is None or marked.file_size > MAX_RECORD_BYTES:
        raise _damaged(name, f"it holds no {MARK}")
    try:
        mark = orjson.loads(archive.read(marked))
    except orjson.JSONDecodeError as error:
        raise _damaged(name, f"{MARK} is no JSON") from error
    if not isinstance(mark, dict) or mark.get("format_version") != 1:
        raise _damaged(name, "it is of a newer Tidebook, or of none")
    return mark


def _check_size(files: Mapping[str, Mapping[str, Any]], folder: Path, max_bytes: int) -> None:
    total, free = sum(entry["size"] for entry in files.values()), shutil.disk_usage(folder).free
    if len(files) > MAX_FILES or total > min(max_bytes, free) or any(entry["size"] < 0 for entry in files.values()):
        raise TooLarge(
            f"An archive must unpack to at most {MAX_FILES:,} files and {min(max_bytes, free):,} bytes",
            got=f"{len(files):,} files and {total:,} bytes",
            fix="Free some space.",
        )


def _extract(archive: zipfile.ZipFile, name: str, entry: Mapping[str, Any], target: Path) -> Path:
    """Unpacks one file, no byte more than its entry says; DataFault where it is another."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hasher, left = blake3(), entry["size"]
    with archive.open(f"{FOLDER}{entry['path']}") as source, target.open("wb") as file:
        while block := source.read(min(_BLOCK, left + 1)):
            left -= len(block)
            if left < 0:
                break
            hasher.update(block)
            file.write(block)
    if left or f"blake3:{hasher.hexdigest()}" != entry["digest"]:
        raise _damaged(name, f"{entry['path'][:80]} is not as its manifest says")
    return target


def _damaged(name: str, found: str) -> DataFault:
    return DataFault(
        "The file must be an archive of a version", got=f"{name}: {found}", fix="Make it with `tidebook models export`."
    )


def check_target(target: Path) -> Path:
    """`target`, if an archive may be called that."""
    if target.suffix.lower() != ".zip":
        raise InvalidInput("The file to export to must end in .zip", got=str(target), fix="Name it so.")
    return target
