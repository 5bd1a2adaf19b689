"""Labels and metadata that come from another machine, made those of the run here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from tidebook.core.errors import InvalidInput
from tidebook.records.labels import Labels
from tidebook.runs import liveness

#: what is decided here
_OWN = frozenset({"folder", "problems", "owner", "project", "model_saved", "model_path", "task_id", "writer"})
_FIELDS = ("project", "notes", "pinned", "archived")
_DEFAULTS = Labels().to_json()
DEEPEST = 250  #: levels of nesting; orjson writes 254, and what is told of it is wrapped in some more


def check_writable(value: Mapping[str, Any], name: str) -> None:
    """InvalidInput where a file here, or a line of the journal, could not hold `value`."""
    try:
        orjson.dumps([[[{name: value}]]])
    except TypeError as error:
        raise InvalidInput(
            f"{name} must be JSON of numbers and text that UTF-8 can hold, nested at most {DEEPEST} deep",
            got=f"something else ({error})",
            fix="Correct it and send it again.",
        ) from error


def check_metadata(metadata: Mapping[str, Any]) -> None:
    """InvalidInput where metadata.json here could not be `metadata`."""
    check_writable(metadata, "metadata.json")
    status = metadata.get("status")
    if status is not None and not isinstance(status, str):
        raise InvalidInput(
            "The status of a run must be text",
            got=f"a {type(status).__name__}",
            fix="Correct it and send it again.",
        )


def localized(metadata: Mapping[str, Any], *, run_id: str, folder: Path) -> dict[str, Any]:
    """The metadata for metadata.json here: neither name nor id nor paths are the sender's to say."""
    model = folder / "model" / "pytorch_model.bin"
    saved = model.is_file()
    return {
        **{name: value for name, value in metadata.items() if name not in _OWN},
        "id": run_id,
        "run_name": folder.name,
        "model_saved": saved,
        "model_path": str(model) if saved else None,
        **_writer(metadata.get("writer")),
    }


def merged(came: Mapping[str, Any], base: Mapping[str, Any] | None, here: Labels) -> dict[str, Any]:
    """The labels that hold now: what the sender has changed since `base` came from it, else what people say here.

    Where nobody knows what came before (None), what was said here stays.
    """
    ours = here.to_json()
    result: dict[str, Any] = {}
    for name in _FIELDS:
        theirs = came.get(name, _DEFAULTS[name])
        known = _DEFAULTS[name] if base is None else base.get(name, _DEFAULTS[name])
        kept = base is None and ours[name] != _DEFAULTS[name]
        result[name] = ours[name] if theirs == known or kept else theirs
    result["tags"] = _tags(_mapping(came.get("tags")), _mapping((base or {}).get("tags")), ours["tags"], base is None)
    return result


def _tags(theirs: Mapping[str, Any], known: Mapping[str, Any], ours: Mapping[str, Any], is_new: bool) -> dict[str, Any]:
    if is_new:
        return {**theirs, **ours}
    changed = {key: value for key, value in theirs.items() if known.get(key) != value}
    gone = known.keys() - theirs.keys()
    return {**{key: value for key, value in ours.items() if key not in gone}, **changed}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _writer(value: object) -> dict[str, Any]:
    """Who writes the run. A host with this one's name that does not have the process is another machine."""
    if not isinstance(value, Mapping):
        return {}
    writer = {name: value.get(name) for name in ("pid", "host", "started", "machine")}
    pid = writer["pid"]
    elsewhere = not isinstance(pid, int) or not liveness.is_alive(pid, writer["started"])
    if writer["host"] == liveness.host() and elsewhere:
        writer["host"] = f"{writer['host']} (elsewhere)"
    return {"writer": writer}
