"""A folder for a run that nobody knows yet: it appears with its labels and metadata in it, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tidebook.core.files import storage_errors, write_json
from tidebook.records import labels
from tidebook.runs.names import check_run_name, claim_run
from tidebook.sdk.spool import digest_of
from tidebook.server.receiving.incoming import PREFIX
from tidebook.server.receiving.merging import localized

MAX_NAME_BYTES = 240  #: leaves room for the number of a twin


def claimable(run_name: str) -> str:
    """The run's name as a folder here may have it; InvalidInput for one that no folder may have."""
    encoded = check_run_name(run_name).encode()
    if len(encoded) <= MAX_NAME_BYTES:
        return run_name
    return f"{encoded[: MAX_NAME_BYTES - 11].decode(errors='ignore')}~{digest_of(encoded)[:10]}"


def claim(out: Path, name: str, run_id: str, metadata: Mapping[str, Any], came: Mapping[str, Any], owner: str) -> Path:
    """A new folder in `out` with this name, or with `_2` and so on where it is taken; the labels are `owner`'s."""
    folder = claim_run(out, name)
    filled = out / f"{PREFIX}{run_id}"
    try:
        with storage_errors(folder):
            shutil.rmtree(filled, ignore_errors=True)
            filled.mkdir()
            write_json(filled / labels.FILE, dict(came), later=True)
            known = labels.read(filled)  # what of them keeps the rules
            write_json(filled / labels.FILE, {**known.to_json(), "owner": owner}, later=True)
            write_json(filled / "metadata.json", localized(metadata, run_id=run_id, folder=folder), later=True)
            filled.rename(folder)  # over the empty one that keeps others from taking the name
    except BaseException:
        shutil.rmtree(filled, ignore_errors=True)
        with suppress(OSError):
            folder.rmdir()
        raise
    return folder
