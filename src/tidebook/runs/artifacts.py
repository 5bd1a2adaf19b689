"""What a run keeps beside its numbers: files, figures, tables."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import replacing, safe_join, write_bytes
from tidebook.runs.plain import spelled
from tidebook.runs.record import write_record


def keep_file(root: Path, source: Path, name: str | None) -> None:
    """A copy of a file, or of all files of a folder, under `name` in `root`. NotFound where there is none."""
    if not source.exists():
        raise NotFound("A file must exist to be kept", got=str(source), fix="Check the path; write the file first.")
    target = safe_join(root, name or source.resolve().name)
    if source.is_file():
        _copy(source, target)
        return
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.is_relative_to(root):
            _copy(path, target / path.relative_to(source))


def keep_figure(root: Path, name: str, figure: Any) -> None:
    """A figure as `name`.png in `root`: of matplotlib or PIL, an array [height, width(, 3 or 4)], or PNG as bytes."""
    write_bytes(safe_join(root, f"{name}.png"), _png(figure), later=True)


def keep_table(root: Path, name: str, columns: Sequence[str], rows: Iterable[Any]) -> None:
    """A table as `name`.json in `root`: {"columns": […], "rows": [[…], …]}; non-finite numbers as text."""
    path = safe_join(root, f"{name}.json")
    names = [str(column) for column in columns]
    table = [spelled(_row(row, names), path.name) for row in rows]
    write_record(path, {"format_version": 1, "columns": names, "rows": table})


def _row(row: Any, names: list[str]) -> list[Any]:
    values = [row.get(name) for name in names] if isinstance(row, Mapping) else list(row)
    if len(values) != len(names):
        raise InvalidInput(
            "Every row of a table must have a value for each column",
            got=f"{len(values)} values for the {len(names)} columns {', '.join(names)[:80]}",
            fix="Write None where there is no value.",
        )
    return values


def _copy(source: Path, target: Path) -> None:
    with replacing(target, later=True) as temporary:
        shutil.copyfile(source, temporary)


def _png(figure: Any) -> bytes:
    if isinstance(figure, bytes | bytearray | memoryview):
        content = bytes(figure)
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            return content
    buffer = io.BytesIO()
    if hasattr(figure, "savefig"):
        figure.savefig(buffer, format="png")
        return buffer.getvalue()
    if hasattr(figure, "save") and hasattr(figure, "mode"):
        figure.save(buffer, format="PNG")
        return buffer.getvalue()
    if getattr(figure, "ndim", 0) in (2, 3):
        import numpy as np
        from matplotlib.image import imsave

        imsave(buffer, np.asarray(figure), format="png")
        return buffer.getvalue()
    raise InvalidInput(
        "A figure must be one of matplotlib or PIL, an array of two or three dimensions, or PNG as bytes",
        got=f"{type(figure).__name__}",
        fix="Pass plt.gcf(), an image, or the bytes of a PNG file; log_file takes any other file.",
    )
