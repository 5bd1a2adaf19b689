"""The id of a run, also of one that was made without."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidebook.sdk.spool import digest_of

_ID = re.compile(r"[0-9a-f]{32}")


def run_id(folder: Path, metadata: Mapping[str, Any]) -> str:
    """The `id` of the metadata; where there is none, one that follows from name and time, the same each time."""
    value = metadata.get("id")
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    name = metadata.get("run_name")
    made = "\n".join(str(part) for part in ("run", name or folder.name, metadata.get("created_at", "")))
    return digest_of(made.encode(errors="replace"))[:32]
