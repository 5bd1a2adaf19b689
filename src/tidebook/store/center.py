"""Which store is meant: by its place, by a configuration file, or by the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from tidebook.abc import Store
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.store.opening import store_at

MOST_BYTES = 1 << 20  #: of a configuration file
DEFAULT = "default"  #: the profile whose entries stand for all others


def center(
    profile: str | None = None,
    center_path: str | Path | None = None,
    filecfg: str | Path | None = None,
    token: str | None = None,
) -> Store:
    """The store at `center_path`, else where the configuration file says for `profile`, else that of the settings.

    The file is a JSON object with `filereporoot` (a folder or URL) or `server` (the address of a Tidebook server) and
    perhaps `token`; or one such object for each profile, where `default` stands for those not named.
    """
    if center_path is not None or filecfg is None:
        return store_at(center_path, token=token)
    entry = _entry(Path(filecfg).expanduser(), profile)
    server, root = entry.get("server"), entry.get("filereporoot")
    if isinstance(server, str) and server.startswith(("http://", "https://")):
        return store_at(server, token=token or _text(entry.get("token")))
    if isinstance(root, str) and root:
        folder = root if "://" in root else Path(filecfg).expanduser().absolute().parent / Path(root).expanduser()
        return store_at(folder, token=token)
    raise InvalidInput(
        "A configuration must say where the store is, in filereporoot or server",
        got=", ".join(sorted(entry)) or "neither",
        fix='Write {"filereporoot": "/mnt/models"} or {"server": "https://tidebook.example"}.',
    )


def _entry(path: Path, profile: str | None) -> dict[str, Any]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InvalidInput(
                "A configuration must be small", got=f"{path.name} of more than 1 MiB", fix="Shorten it."
            )
        value = orjson.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise NotFound("The configuration must exist", got=str(path), fix="Check filecfg.") from error
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"{path.name} must be JSON", got=str(error), fix="Mend it.") from error
    if not isinstance(value, dict):
        raise InvalidInput(f"{path.name} must be a JSON object", got=type(value).__name__, fix="Mend it.")
    if "filereporoot" in value or "server" in value:
        return value
    entry = value.get(profile or DEFAULT, value.get(DEFAULT))
    return entry if isinstance(entry, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
