"""How the files of a model are to be pulled and loaded: settings.json beside its versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidebook.abc import Store
from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import dump_json

NAME = "settings.json"
MOST_BYTES = 64 << 10


def read(store: Store, line: str) -> dict[str, dict[str, Any]]:
    """`pull` (include and exclude, as for `pull_dir`) and `load` (what whoever reads the files makes of it)."""
    try:
        value = store.record(line, NAME) or {}
    except NotFound:
        value = {}
    return {name: dict(part) if isinstance(part := value.get(name), dict) else {} for name in ("pull", "load")}


def write(
    store: Store, line: str, pull: Mapping[str, Any] | None, load: Mapping[str, Any] | None
) -> dict[str, dict[str, Any]]:
    """Replaces what is given, for everybody who pulls the model. InvalidInput for what breaks a rule."""
    given = check({name: part for name, part in (("pull", pull), ("load", load)) if part is not None})
    store.amend(line, NAME, lambda before: {**(before or {}), "format_version": 1, **given})
    return read(store, line)


def check(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The settings given, as they would be kept; InvalidInput for what breaks a rule."""
    given = {}
    for name, part in settings.items():
        if name not in {"pull", "load"} or not isinstance(part, Mapping):
            raise InvalidInput(
                "Settings must be those for pulling and for loading", got=str(name)[:80], fix="Give pull or load."
            )
        given[name] = dict(part)
    for name, value in given.get("pull", {}).items():
        if name not in {"include", "exclude"} or not isinstance(value, str | None):
            raise InvalidInput(
                "Settings for pulling must be include or exclude, patterns of text",
                got=f"{name}={value!r}"[:80],
                fix='Write pull={"include": "*.csv|*.json"}.',
            )
    try:
        size = len(dump_json(given))
    except TypeError as error:
        raise InvalidInput(
            "Settings must be values that JSON has", got=str(error), fix="Use text and numbers."
        ) from error
    if size > MOST_BYTES:
        raise InvalidInput("Settings must be at most 64 KiB", got=f"{size:,} bytes", fix="Shorten them.")
    return given
