"""Which files of a run may be sent, and how."""

from __future__ import annotations

import re
from pathlib import Path

from tidebook.core.errors import InvalidInput
from tidebook.core.files import safe_join
from tidebook.sdk.spool import ARRAYS, FOLDERS, LOGS, RECORDS

MAX_BYTES = 1000  #: of a path
MAX_DEPTH = 16  #: segments
_READ_WHOLE = re.compile(
    r"[^/]+\.json|model/(config|training_args)\.json|results/eval_results\.json|checkpoints/[^/]+/metrics\.json"
)


def is_read_whole(path: str) -> bool:
    """Whether the server reads this file of a run whole, so that it must not be larger than a record may be."""
    return _READ_WHOLE.fullmatch(path.casefold()) is not None


def log_path(folder: Path, path: str) -> tuple[Path, bool]:
    """The file of a log that may be appended to, and whether it is a JSON array; InvalidInput for any other."""
    if path not in LOGS:
        raise InvalidInput(
            f"What is appended to must be one of {', '.join(LOGS)}",
            got=repr(path[:120]),
            fix="Send other files whole, with PUT …/files/{path}.",
        )
    return safe_join(folder, path), path in ARRAYS


def file_path(folder: Path, path: str) -> Path:
    """The place of a file that is sent whole; InvalidInput where none may lie."""
    segments = path.split("/")
    allowed = path in RECORDS if len(segments) == 1 else segments[0] in FOLDERS
    hidden = any(segment.startswith(".") for segment in segments)
    grown = path.casefold() in LOGS  # also where the disk does not tell capital letters from small ones
    too_long = len(path.encode(errors="replace")) > MAX_BYTES or len(segments) > MAX_DEPTH
    if not allowed or hidden or grown or too_long or not path.isprintable():
        raise InvalidInput(
            f"A file of a run must be one of {', '.join(RECORDS)}, or lie in {', '.join(FOLDERS)}, "
            "not be hidden, and be no log that is appended to",
            got=repr(path[:120]),
            fix="Put other files into files/.",
        )
    return safe_join(folder, path)
