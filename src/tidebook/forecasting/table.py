"""A saved forecast as a table."""

from __future__ import annotations

import csv
import io
from typing import Any

from tidebook.core.scope import ALL


def to_csv(result: dict[str, Any]) -> str:
    """History and prediction by series and day. Columns of ids that are all `all` are left out.

    Text that a spreadsheet would take for a formula is set behind an apostrophe.
    """
    ids = [name for name in ("product_id", "store_id") if any(entry[name] != ALL for entry in result["series"])]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([*ids, "date", "kind", "value"])
    for entry in result["series"]:
        names = [_harmless(entry[name]) for name in ids]
        for kind in ("history", "prediction"):
            curve = entry[kind]
            for day, value in zip(curve["dates"], curve["values"], strict=True):
                writer.writerow([*names, day, kind, "" if value is None else value])
    return buffer.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
