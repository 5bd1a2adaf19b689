"""Names of runs: `{symbol or scope}_{model_type}_{timestamp}`."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from pathlib import Path

from tidebook.core.errors import Conflict, InvalidInput
from tidebook.core.files import check_segment, storage_errors

MAX_BYTES = 200  #: of what stands before the timestamp


def check_run_name(name: str) -> str:
    """`name`, if a new run can be called that and lists show it; else InvalidInput."""
    check_segment(name, "A run's name")
    if name.startswith(".") or not name.isprintable():
        raise InvalidInput(
            "A run's name must not begin with '.' or hold what cannot be shown",
            got=repr(name[:80]),
            fix="Choose another name, or rename the run's folder.",
        )
    return name


def showable(name: str) -> str:
    """`name` with '-' for a '.' at its beginning and for what cannot be shown."""
    return re.sub(r"^\.", "-", "".join(letter if letter.isprintable() else "-" for letter in name))


def run_name(subject: str | None, model_type: str, moment: datetime) -> str:
    """`000001_lstm_20250119_143025`; without a subject `lstm_20250119_143025`; '-' stands for '/', for
    a '.' at the beginning and for what cannot be shown.

    Where symbol or scope and algorithm are too long for a folder's name, they end in a digest.
    """
    head = "_".join(part for part in (subject, model_type) if part)
    head = showable(head.replace("/", "-").replace("\\", "-"))
    encoded = head.encode()
    if len(encoded) > MAX_BYTES:
        digest = hashlib.sha256(encoded).hexdigest()[:10]
        head = f"{encoded[: MAX_BYTES - 11].decode(errors='ignore')}~{digest}"
    return check_segment("_".join(part for part in (head, f"{moment:%Y%m%d_%H%M%S}") if part), "A run's name")


def claim_run(output: Path, name: str, *, exactly: bool = False) -> Path:
    """Creates the folder of a run, which nobody else then has. A twin gets `_2`, the next one `_3`.

    With `exactly`, Conflict where the name is taken. InvalidInput where the disk has no room for one as long.
    """
    with storage_errors(output / name):
        output.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            folder = _numbered(output, name, number)
            try:
                folder.mkdir()
            except FileExistsError as error:
                if exactly:
                    raise Conflict(
                        "The name of a new run must be free",
                        got=f"{name}, which exists in {output}",
                        fix="Choose another name, or continue that run with TrainingManager.load_run.",
                    ) from error
                number = _free(output, name, number + 1)
            else:
                return folder


def _numbered(output: Path, name: str, number: int) -> Path:
    return output / (name if number == 1 else f"{name}_{number}")


def _free(output: Path, name: str, first: int) -> int:
    """A number from `first` on that is free now, found in few looks also where thousands are taken."""
    taken, step = first - 1, 1
    while _numbered(output, name, taken + step).exists():
        taken, step = taken + step, step * 2
    free = taken + step
    while free - taken > 1:
        middle = (taken + free) // 2
        if _numbered(output, name, middle).exists():
            taken = middle
        else:
            free = middle
    return free
