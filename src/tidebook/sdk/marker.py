"""`.synced.json` in a run's folder: what it looked like when all of it was at a server. May be deleted at any time."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from blake3 import blake3

from tidebook.core.errors import StorageFailure
from tidebook.core.files import write_json
from tidebook.sdk import spool

FILE = ".synced.json"


def fingerprint(folder: Path) -> str:
    """What changes whenever a file of the run does: sizes and modification times, no content."""
    hasher = blake3()
    for found in spool.everything(folder):
        hasher.update(f"{found.path}\0{found.size}\0{found.changed}\n".encode(errors="replace"))
    return str(hasher.hexdigest(16))


def holds(folder: Path, server: str, stamp: str) -> bool:
    """Whether all of the run was at `server` when its fingerprint was `stamp`."""
    return _servers(folder).get(server) == stamp


def was_at(folder: Path, server: str) -> bool:
    """Whether all of the run was at `server` once, whatever it looked like."""
    return server in _servers(folder)


def write(folder: Path, server: str, stamp: str) -> None:
    """Notes that the run was wholly at `server` when its fingerprint was `stamp`; where that fails, nothing is lost."""
    servers = {**_servers(folder), server: stamp}
    with suppress(OSError, StorageFailure):
        write_json(folder / FILE, {"format_version": 1, "servers": servers}, later=True)


def _servers(folder: Path) -> dict[str, object]:
    noted = spool.read_object(folder / FILE).get("servers")
    return noted if isinstance(noted, dict) else {}
