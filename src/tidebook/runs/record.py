"""What the files of a run folder say, whatever is missing, cut short or not JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import read_json, write_json

UNKNOWN = "unknown"  #: the status of a run whose metadata cannot be read
_MARKS = ("metadata.json", "config.json", "logs", "model", "checkpoints", "results")
_EMPTY: dict[str, Any] = {
    "stock_symbol": None,
    "scope": None,
    "model_type": "",
    "data_source": None,
    "created_at": None,
    "updated_at": None,
    "status": UNKNOWN,
    "evaluation_completed": False,
    "task_id": None,
}


def describe(folder: Path) -> dict[str, Any]:
    """The metadata of the run in `folder`, every field of it present.

    The folder is the authority for run_name, model_saved and model_path, so that a copy describes itself.
    `eval_metrics` is a dictionary always, and `problems` says what is wrong with the folder.
    """
    problems: list[str] = []
    metadata = read_object(folder / "metadata.json", problems)
    if not metadata:
        config = read_object(folder / "config.json", [])
        metadata = {name: config[name] for name in ("stock_symbol", "model_type", "created_at") if name in config}
    model = folder / "model" / "pytorch_model.bin"
    saved = model.is_file()
    if metadata.get("model_saved") and not saved:
        problems.append("model/pytorch_model.bin is missing")
    metrics = metadata.get("eval_metrics")
    return {
        **_EMPTY,
        **metadata,
        "run_name": folder.name,
        "model_saved": saved,
        "model_path": str(model) if saved else None,
        "eval_metrics": metrics if isinstance(metrics, dict) else {},
        "folder": str(folder),
        "problems": problems,
    }


def describe_all(outputs: Iterable[Path]) -> list[dict[str, Any]]:
    """The runs of several output folders, newest first. Folders that are no runs are passed over."""
    seen: dict[Path, dict[str, Any]] = {}
    for output in outputs:
        try:
            folders = [folder for folder in output.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
        except (FileNotFoundError, NotADirectoryError):
            continue
        for folder in folders:
            if folder.resolve() not in seen and any((folder / mark).exists() for mark in _MARKS):
                seen[folder.resolve()] = describe(folder)
    return sorted(seen.values(), key=lambda run: (moment(run["created_at"]), run["run_name"]), reverse=True)


def moment(text: object) -> datetime:
    """The moment that an ISO 8601 text means, for sorting; the distant past where it means none."""
    try:
        parsed = datetime.fromisoformat(str(text))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return parsed if parsed.tzinfo else parsed.astimezone()


def read_object(path: Path, problems: list[str]) -> dict[str, Any]:
    """The JSON object in `path`; where there is none, {} and a line in `problems`."""
    if not path.exists():
        problems.append(f"{path.name} is missing")
        return {}
    try:
        value = read_json(path)
    except NotFound as error:
        problems.append(f"{path.name} is not readable: {error.got}")
        return {}
    except OSError as error:
        problems.append(f"{path.name} is not readable: {error.strerror}")
        return {}
    if isinstance(value, dict):
        return value
    problems.append(f"{path.name} is not a JSON object")
    return {}


def write_record(path: Path, value: object) -> None:
    """Replaces `path` with `value` as JSON; tensors, paths, sets and records are written as what they hold.

    InvalidInput where something in `value` has no JSON form.
    """
    try:
        write_json(path, value)
    except TypeError:
        write_json(path, _plain(value, path.name))


def numbers(values: Mapping[str, Any]) -> dict[str, float | int]:
    """The finite numbers among `values`."""
    plain = {name: value.item() if hasattr(value, "item") else value for name, value in values.items()}
    return {
        name: value
        for name, value in plain.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, name) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, name) for inner in value]
    if isinstance(value, set | frozenset):
        return sorted((_plain(inner, name) for inner in value), key=str)
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value), name)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Path) or hasattr(value, "isoformat"):
        return str(value)
    if hasattr(value, "tolist"):
        return value.tolist()
    raise InvalidInput(
        f"What goes into {name} must have a JSON form: text, numbers, lists, dictionaries",
        got=f"{type(value).__name__} {value!r}"[:120],
        fix="Convert it to text or numbers first.",
    )
