"""What the files of a run folder say, whatever is missing, cut short or not JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from tidebook.core.errors import DataFault, NotFound
from tidebook.core.files import MAX_RECORD_BYTES, read_json, write_json
from tidebook.records import labels
from tidebook.runs import liveness
from tidebook.runs.log_reading import last_entries
from tidebook.runs.params import flat
from tidebook.runs.plain import no_json, plain
from tidebook.runs.totals import MAX_SHOWN, Totals

MOST_METRICS = 2_000  #: of a run in lists
MAX_TEXT = 20_000  #: characters of a text in lists
UNKNOWN = "unknown"  #: the status of a run whose metadata cannot be read
ENDED = frozenset({"completed", "failed"})  #: statuses that only going on changes
DELETED = "deleted.json"  #: where it stands the run is deleted, whatever else is still there
DERIVED = frozenset({"folder", "problems", "lost"})  #: what `describe` adds to the metadata
_MARKS = ("metadata.json", "config.json", "logs", "model", "checkpoints", "results")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
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
    `eval_metrics` is a dictionary always, and `problems` says what is wrong with the folder. A run whose writer died
    is described as `failed`, with `lost` true and the reason, whatever its file says.
    """
    return _described(folder, [])


def _described(folder: Path, problems: list[str]) -> dict[str, Any]:
    metadata = read_object(folder / "metadata.json", problems)
    if not metadata:
        config = read_object(folder / "config.json", [])
        metadata = {name: config[name] for name in ("stock_symbol", "model_type", "created_at") if name in config}
    model = folder / "model" / "pytorch_model.bin"
    saved = model.is_file()
    if metadata.get("model_saved") and not saved:
        problems.append("model/pytorch_model.bin is missing")
    metrics = metadata.get("eval_metrics")
    if not isinstance(metadata.get("status", UNKNOWN), str):
        metadata["status"] = UNKNOWN
    silent = None if metadata.get("status") in ENDED else liveness.lost(folder, metadata)
    return {
        **_EMPTY,
        **metadata,
        **({"status": "failed", "reason": silent} if silent else {}),
        "lost": silent is not None,
        "run_name": folder.name,
        "model_saved": saved,
        "model_path": str(model) if saved else None,
        "eval_metrics": metrics if isinstance(metrics, dict) else {},
        "folder": str(folder),
        "problems": problems,
    }


def summary(folder: Path) -> dict[str, Any]:
    """The run in `folder` as lists show it, whatever is missing or broken in it.

    `params` are those of config.json, flattened; `metrics` the last finite value of each metric (of another phase than
    train as `phase/name`), with eval_metrics over them; `duration_seconds` reaches to the end or the last sign of
    life.
    """
    problems: list[str] = []
    try:
        described = _described(folder, problems)
        config = read_object(folder / "config.json", [] if not (folder / "config.json").exists() else problems)
        marked = labels.read(folder, problems)
        logged, evaluated = _last_metrics(folder, described, problems), numbers(described["eval_metrics"])
        return _item(folder, described, config, marked, _listed(logged, evaluated, problems), problems)
    except Exception as error:  # noqa: BLE001 - one run must not keep the others out, whatever is in its files.
        return unreadable(folder, error)


def unreadable(folder: Path, error: Exception) -> dict[str, Any]:
    """The list item of a run that cannot be summed up: only what it is called, whose it is, and the problem."""
    try:
        marked = labels.read(folder)
    except Exception:  # noqa: BLE001
        marked = labels.Labels(labels.NOWHERE)
    problem = f"the run cannot be read: {type(error).__name__}: {str(error)[:200]}"
    return _item(folder, {**_EMPTY, "lost": False}, {}, marked, {}, [problem])


def _item(
    folder: Path,
    described: Mapping[str, Any],
    config: Mapping[str, Any],
    marked: labels.Labels,
    metrics: Mapping[str, float | int],
    problems: list[str],
) -> dict[str, Any]:
    return {
        "run_name": folder.name,
        "id": _text(described.get("id")),
        "project": marked.project,
        "owner": marked.owner,
        "model_type": _text(described["model_type"]) or "",
        "stock_symbol": _text(described["stock_symbol"]),
        "scope": _text(described["scope"]),
        "description": _text(config.get("description")),
        "task_id": _text(described["task_id"]),
        "version": _text(described.get("version")),
        "status": _text(described["status"]) or UNKNOWN,
        "reason": _text(described.get("reason")),
        "lost": described["lost"],
        "created_at": _text(described["created_at"]),
        "updated_at": _text(described["updated_at"]),
        "finished_at": _text(described.get("finished_at")),
        "duration_seconds": duration(folder, described),
        "params": flat(config),
        "metrics": dict(metrics),
        "tags": dict(marked.tags),
        "notes": marked.notes,
        "pinned": marked.pinned,
        "archived": marked.archived,
        "dataset": _text(described.get("dataset") or config.get("dataset")),
        "problems": problems,
        "folder": str(folder),
    }


def _last_metrics(folder: Path, described: Mapping[str, Any], problems: list[str]) -> dict[str, float | int]:
    """From the totals that an ended run keeps; what was logged since then from the end of its log."""
    totals, log = Totals.from_json(described.get("metrics")), folder / "logs" / "metrics.json"
    try:
        counted, size = described.get("metrics_end"), log.stat().st_size
        if not isinstance(counted, int) or size > counted + len("\n]"):
            totals.add_entries(last_entries(log))
        elif size < counted:
            problems.append(f"logs/metrics.json is cut short: {size} bytes of {counted}")
    except FileNotFoundError:
        problems.append("logs/metrics.json is missing")
    except (DataFault, OSError) as error:
        problems.append(f"logs/metrics.json is not readable: {getattr(error, 'got', error)}")
    return totals.last()


def _listed(
    logged: Mapping[str, float | int], evaluated: Mapping[str, float | int], problems: list[str]
) -> dict[str, float | int]:
    """Both together, of a name in both what was evaluated; at most 2,000 of names that a metric can have."""
    found = {name: value for name, value in {**logged, **evaluated}.items() if len(name) <= MAX_SHOWN}
    if len(found) <= MOST_METRICS:
        return found
    problems.append(f"of {len(found)} metrics {MOST_METRICS} are listed, those of the evaluation first")
    first = [name for name in evaluated if name in found]
    return {name: found[name] for name in islice(dict.fromkeys([*first, *found]), MOST_METRICS)}


def duration(folder: Path, described: Mapping[str, Any]) -> float | None:
    """Seconds from the beginning of a described run to its end or its last sign of life."""
    first = moment(described["created_at"])
    if first == _LONG_AGO:
        return None
    if described.get("finished_at"):
        last = moment(described["finished_at"])
    else:
        seen = liveness.last_seen(folder)
        last = moment(described["updated_at"]) if seen is None else datetime.fromtimestamp(seen, UTC)
    return max(0.0, round((last - first).total_seconds(), 3))  # A clock that was set back makes nothing negative.


def _text(value: object) -> str | None:
    """The text that a plain value is; never that of lists and dictionaries, which can be of any depth and size."""
    if isinstance(value, str):
        return value[:MAX_TEXT]
    return str(value) if isinstance(value, int | float) else None


def describe_all(outputs: Iterable[Path]) -> list[dict[str, Any]]:
    """The runs of several output folders, newest first. Folders that are no runs are passed over."""
    seen: dict[Path, dict[str, Any]] = {}
    for output in outputs:
        try:
            folders = [folder for folder in output.iterdir() if folder.is_dir() and not folder.name.startswith(".")]
        except (FileNotFoundError, NotADirectoryError):
            continue
        for folder in folders:
            if folder.resolve() not in seen and is_run(folder):
                seen[folder.resolve()] = describe(folder)
    return sorted(seen.values(), key=lambda run: (moment(run["created_at"]), run["run_name"]), reverse=True)


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run, one that is not deleted."""
    return any((folder / mark).exists() for mark in _MARKS) and not (folder / DELETED).exists()


def moment(text: object) -> datetime:
    """The moment that an ISO 8601 text means, for sorting; the distant past where it means none."""
    try:
        parsed = datetime.fromisoformat(text if isinstance(text, str) else "")
        return parsed if parsed.tzinfo else parsed.astimezone()
    except (ValueError, OverflowError):
        return _LONG_AGO


def read_object(path: Path, problems: list[str]) -> dict[str, Any]:
    """The JSON object in `path`; where there is none, or one too large or too deep, {} and a line in `problems`."""
    try:
        if (size := _size(path)) > MAX_RECORD_BYTES:
            problems.append(f"{path.name} is too large to be read: {size} bytes of at most {MAX_RECORD_BYTES}")
            return {}
        value = read_json(path)
    except NotFound as error:
        missing = isinstance(error.__cause__, FileNotFoundError)
        problems.append(f"{path.name} is " + ("missing" if missing else f"not readable: {error.got}"))
        return {}
    except OSError as error:
        problems.append(f"{path.name} is not readable: {error.strerror}")
        return {}
    if isinstance(value, dict):
        try:
            orjson.dumps([[[[value]]]])  # as an answer holds it
        except TypeError:
            problems.append(f"{path.name} is nested too deeply")
            return {}
        return value
    problems.append(f"{path.name} is not a JSON object")
    return {}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def write_record(path: Path, value: object) -> None:
    """Replaces `path` with `value` as JSON; tensors, paths, sets and records are written as what they hold.

    Whole numbers of more than 64 bits are written as text; of text, what is not Unicode is escaped. It is synced
    within the next second. InvalidInput where something in `value` has no JSON form.
    """
    try:
        write_json(path, value, later=True)
    except TypeError:
        try:
            write_json(path, plain(value, path.name), later=True)
        except (TypeError, RecursionError) as error:
            raise no_json(path.name, f"something else ({error})") from error


def numbers(values: Mapping[str, Any]) -> dict[str, float | int]:
    """The finite numbers among `values`."""
    plain = {name: value.item() if hasattr(value, "item") else value for name, value in values.items()}
    return {
        name: value
        for name, value in plain.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
