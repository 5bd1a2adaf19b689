"""A copy of a text file in UTF-8, which Polars can stream; kept until the process ends or the file changes."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

_copies: dict[Path, tuple[str, Path]] = {}


def as_utf8(path: Path, encoding: str) -> Path:
    """A copy of `path`, which is in `encoding`, in UTF-8. Lazy frames may read it for as long as the process lives."""
    stat = path.stat()
    stamp = f"{encoding}:{stat.st_size}:{stat.st_mtime_ns}"
    kept = _copies.get(path)
    if kept is not None and kept[0] == stamp and kept[1].exists():
        return kept[1]
    handle, name = tempfile.mkstemp(suffix=".csv", dir=_folder().name)
    with path.open(encoding=encoding, newline="") as source, open(handle, "w", encoding="utf-8", newline="") as copy:
        shutil.copyfileobj(source, copy, 2**20)
    if kept is not None:
        kept[1].unlink(missing_ok=True)
    _copies[path] = (stamp, Path(name))
    return Path(name)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="tidebook-csv-", ignore_cleanup_errors=True)
