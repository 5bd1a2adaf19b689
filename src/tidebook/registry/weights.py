"""Whether a file of weights can be loaded, found out without loading it: nothing in it is run."""

from __future__ import annotations

import pickletools
import re
import zipfile
from pathlib import Path

from tidebook.core.zips import reading

MODEL = "model.pth"
UNTOLD = "Its metadata do not say what it was trained on, which a forecast needs."
DAMAGED = f"{MODEL} is damaged or of another kind."
OURS = frozenset({"format_version", "model_type", "config", "model_state_dict"})
MAX_PICKLE_BYTES = 64 << 20  #: of the part that says what the tensors are
_SAFE = re.compile(
    r"collections OrderedDict"
    r"|torch\._utils _rebuild_(tensor|tensor_v2|parameter)"
    r"|torch(\.storage)? \w*Storage"
    r"|torch (Size|device|dtype|u?int\d+|b?float\d+|complex\d+|bool)"
)


def fault(path: Path) -> str | None:
    """Why Tidebook does not load the model in `path`, as a sentence; None where nothing speaks against it."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        return f"There is no {MODEL} to load."
    if head != b"PK\x03\x04":
        if head[:1] == b"\x80":
            return f"{MODEL} is a pickle, which is never loaded, because loading it runs code."
        return DAMAGED
    try:
        with reading(path) as archive:
            asked, texts = _read(archive)
    except (zipfile.BadZipFile, OSError, ValueError, KeyError):
        return DAMAGED
    strange = sorted(name for name in asked if not _SAFE.fullmatch(name))
    if strange:
        return f"{MODEL} asks for {strange[0].replace(' ', '.')[:80]}; it is never loaded, because that runs code."
    if not texts >= OURS:
        return f"{MODEL} holds weights without the configuration that rebuilds the model from them."
    return None


def _read(archive: zipfile.ZipFile) -> tuple[set[str], set[str]]:
    """What the pickle in a file of torch asks for, and the texts in it; ValueError where there is none."""
    infos = [info for info in archive.infolist() if info.filename.rsplit("/", 1)[-1] == "data.pkl"]
    if len(infos) != 1 or infos[0].file_size > MAX_PICKLE_BYTES:
        raise ValueError
    asked: set[str] = set()
    texts: set[str] = set()
    with archive.open(infos[0]) as file:
        content = file.read(MAX_PICKLE_BYTES + 1)
    for opcode, argument, _ in pickletools.genops(content):
        if opcode.name in {"GLOBAL", "INST"}:
            asked.add(str(argument))
        elif opcode.name in {"STACK_GLOBAL", "EXT1", "EXT2", "EXT4"}:
            asked.add(f"{opcode.name.lower()} of a newer pickle")
        elif isinstance(argument, str):
            texts.add(argument)
    return asked, texts
