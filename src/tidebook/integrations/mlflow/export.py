"""A run → an MLflow server: what is there already is not sent again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tidebook.core.errors import NotFound
from tidebook.integrations.mlflow.client import MLflowServer, artifact_root
from tidebook.integrations.mlflow.names import MAX_PARAM, MAX_TAG, key
from tidebook.runs.log_reading import read_metrics
from tidebook.runs.record import ENDED, describe, moment, numbers, read_object, summary
from tidebook.runs.totals import HEADS, TRAIN, as_number, shown, spelled

RUN_ID = "tidebook.run_id"  #: the tag by which a run is found again
STATE = "tidebook.exported"  #: the tag that says how much of it is there
METRICS, PARAMS, TAGS = 900, 100, 100  #: in one request at most; 1,000 things together
BYTES = 700_000  #: of metrics in one request at most; the server takes 1 MB
FOLDERS = ("context", "model", "results", "files", "figures", "tables")
FILES = ("config.json", "context.json", "logs/training.log")
_PIECE = 1 << 20


@dataclass(frozen=True)
class Exported:
    """What became of a run."""

    run_name: str
    run_id: str  #: at the MLflow server
    new: bool  #: whether it was not there before
    metrics: int = 0  #: values that were sent now
    files: int = 0  #: files that were sent now


def export_run(folder: Path, server: MLflowServer, *, files: bool = True) -> Exported:
    """Sends a run: its project is the experiment; params, metrics with steps and times, tags, notes, status, files.

    A second call sends what was added since. A param that the server has keeps its value there: MLflow never changes
    one. Checkpoints stay here, and so do all files where the server does not take any.
    """
    item, described = summary(folder), describe(folder)
    found = _find(server, item)
    info = found["info"] if found else _create(server, item)
    run_id, data = info["run_id"], (found or {}).get("data") or {}
    state = _state(data)
    tags = _tags(folder, item)
    _params(server, run_id, item["params"], {entry["key"] for entry in data.get("params") or ()})
    sent = 0
    for metrics, cursor in _batches(folder / "logs" / "metrics.json", state.get("cursor", 0)):
        state["cursor"] = cursor
        _send(server, run_id, metrics=metrics, tags={STATE: orjson.dumps(state).decode()})
        sent += len(metrics)
    ended = item["status"] in ENDED
    if ended and state.get("evaluated") != item["updated_at"]:
        results = list(_results(described["eval_metrics"], item))
        for start in range(0, len(results), METRICS):
            _send(server, run_id, metrics=results[start : start + METRICS])
        sent += len(results)
        state["evaluated"] = item["updated_at"]
    root, kept = artifact_root(info), 0
    if files and root is not None and state.get("files") != item["updated_at"]:
        kept = _upload(folder, server, root)
        state["files"] = item["updated_at"]
    tags[STATE] = orjson.dumps(state).decode()
    for start in range(0, len(tags), TAGS):
        _send(server, run_id, tags=dict(list(tags.items())[start : start + TAGS]))
    status = {"completed": "FINISHED", "failed": "FAILED"}.get(item["status"], "RUNNING")
    end = {"end_time": _milliseconds(item["finished_at"] or item["updated_at"])} if ended else {}
    server.post("runs/update", {"run_id": run_id, "status": status, "run_name": item["run_name"], **end})
    return Exported(item["run_name"], run_id, found is None, sent, kept)


def _find(server: MLflowServer, item: Mapping[str, Any]) -> dict[str, Any] | None:
    """The run at the server, in whichever experiment it was when it was sent."""
    experiments = [experiment["experiment_id"] for experiment in server.experiments()]
    return next(server.runs(experiments, f"tags.`{RUN_ID}` = '{_identity(item)}'"), None)


def _create(server: MLflowServer, item: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = server.get("experiments/get-by-name", experiment_name=item["project"])
        experiment = found["experiment"]["experiment_id"]
    except NotFound:
        experiment = server.post("experiments/create", {"name": item["project"]})["experiment_id"]
    created = {
        "experiment_id": experiment,
        "run_name": item["run_name"],
        "start_time": _milliseconds(item["created_at"]),
        "tags": [{"key": RUN_ID, "value": _identity(item)}, {"key": "mlflow.runName", "value": item["run_name"]}],
    }
    info: dict[str, Any] = server.post("runs/create", created)["run"]["info"]
    return info


def _identity(item: Mapping[str, Any]) -> str:
    """A run's id; runs of other programs have none, and are known by their name."""
    return str(item["id"] or item["run_name"]).replace("'", "_")


def _state(data: Mapping[str, Any]) -> dict[str, Any]:
    text = next((entry["value"] for entry in data.get("tags") or () if entry["key"] == STATE), "{}")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _tags(folder: Path, item: Mapping[str, Any]) -> dict[str, str]:
    git = read_object(folder / "context.json", []).get("git")
    commit = git.get("commit") if isinstance(git, Mapping) else None
    facts = {
        "mlflow.note.content": item["notes"],
        "mlflow.source.git.commit": commit,
        **{f"tidebook.{name}": item[name] for name in
           ("model_type", "stock_symbol", "scope", "dataset", "version", "owner", "reason")},
    }  # fmt: skip
    tags = {**item["tags"], **{name: str(value) for name, value in facts.items() if value}}
    return {key(name): text[:MAX_TAG] for name, text in tags.items()}


def _params(server: MLflowServer, run_id: str, params: Mapping[str, Any], there: set[str]) -> None:
    named = {key(name): str(value)[:MAX_PARAM] for name, value in params.items()}
    new = [{"key": name, "value": value} for name, value in named.items() if name not in there]
    for start in range(0, len(new), PARAMS):
        _send(server, run_id, params=new[start : start + PARAMS])


def _batches(path: Path, cursor: int) -> Iterator[tuple[list[dict[str, Any]], int]]:
    """The values behind a cursor in pieces that a request may hold, each with the cursor behind its last entry."""
    while True:
        entries, following = read_metrics(path, cursor, max_bytes=_PIECE)
        if following == cursor:
            return
        values = [value for entry in entries for value in _values(entry)]
        pieces = list(_pieces(values))
        for number, piece in enumerate(pieces, start=1):
            # Only behind the last piece is the cursor's entry whole at the server.
            yield piece, following if number == len(pieces) else cursor
        cursor = following


def _pieces(values: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    piece: list[dict[str, Any]] = []
    size = 0
    for value in values:
        length = len(value["key"].encode()) + 100
        if piece and (len(piece) == METRICS or size + length > BYTES):
            yield piece
            piece, size = [], 0
        piece.append(value)
        size += length
    yield piece


def _values(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    step = entry.get("step", entry.get("epoch", 0))
    head = {
        "timestamp": _milliseconds(entry.get("timestamp")),
        "step": int(step) if isinstance(step, int | float) else 0,
    }
    phase = str(entry.get("phase", TRAIN))
    for name, value in entry.items():
        number = None if name in HEADS else as_number(value)
        if number is not None:
            yield {"key": key(shown(phase, name)), "value": spelled(number), **head}


def _results(metrics: Mapping[str, Any], item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in numbers(metrics).items():
        moment_ = _milliseconds(item["finished_at"] or item["updated_at"])
        yield {"key": key(name), "value": value, "timestamp": moment_, "step": 0}


def _upload(folder: Path, server: MLflowServer, root: str) -> int:
    found = [folder / name for name in FILES]
    found += [path for name in FOLDERS for path in sorted((folder / name).rglob("*")) if not path.is_symlink()]
    plain = [path for path in found if path.is_file() and not path.name.startswith(".")]
    for path in plain:
        server.upload(root, path.relative_to(folder).as_posix(), path)
    return len(plain)


def _send(
    server: MLflowServer,
    run_id: str,
    *,
    metrics: Sequence[Mapping[str, Any]] = (),
    params: Sequence[Mapping[str, Any]] = (),
    tags: Mapping[str, str] | None = None,
) -> None:
    pairs = [{"key": name, "value": value} for name, value in (tags or {}).items()]
    server.post("runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": params, "tags": pairs})


def _milliseconds(text: object) -> int:
    return max(0, round(moment(text).timestamp() * 1000))
