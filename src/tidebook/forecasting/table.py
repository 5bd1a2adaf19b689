"""A saved forecast as a table."""

from __future__ import annotations

import csv
import io
from typing import Any

from tidebook.core.scope import ALL


def to_csv(result: dict[str, Any]) -> str:
    """History and prediction by series and day, and the bounds of each interval: lower_80, upper_80, ….

    Columns of ids that are all `all` are left out. Text that a spreadsheet would take for a formula is set behind an
    apostrophe.
    """
    ids = [name for name in ("product_id", "store_id") if any(entry[name] != ALL for entry in result["series"])]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    levels = [interval["level"] for interval in result["series"][0].get("intervals", ())]
    bounds = [f"{side}_{level:g}" for level in levels for side in ("lower", "upper")]
    writer.writerow([*ids, "date", "kind", "value", *bounds])
    for entry in result["series"]:
        names = [_harmless(entry[name]) for name in ids]
        for kind in ("history", "prediction"):
            curve = entry[kind]
            columns = [curve["values"]]
            if kind == "prediction":
                columns += [interval[side] for interval in entry.get("intervals", ()) for side in ("lower", "upper")]
            for day, *values in zip(curve["dates"], *columns, strict=True):
                row = ["" if value is None else value for value in values]
                writer.writerow([*names, day, kind, *row, *[""] * (1 + len(bounds) - len(row))])
    return buffer.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
