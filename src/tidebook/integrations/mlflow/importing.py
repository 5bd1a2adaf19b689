"""The runs of an MLflow server → run folders."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tidebook.core.errors import InvalidInput, NotFound, nearest
from tidebook.core.files import safe_join, storage_errors, write_json
from tidebook.integrations.mlflow.client import MLflowServer, artifact_root
from tidebook.integrations.mlflow.export import RUN_ID
from tidebook.integrations.mlflow.names import project
from tidebook.records import labels
from tidebook.runs.metrics_log import MetricsLog
from tidebook.runs.names import check_run_name, claim_run
from tidebook.runs.record import read_object
from tidebook.runs.totals import HEADS, MAX_NAME, Totals

_STATUS = {"FINISHED": "completed", "FAILED": "failed", "KILLED": "failed"}


@dataclass(frozen=True)
class Imported:
    """What came of the runs of a server."""

    runs: dict[str, str] = field(default_factory=dict)  #: id at the server → name here
    present: list[str] = field(default_factory=list)  #: ids at the server of runs that were here before
    unfinished: list[str] = field(default_factory=list)  #: ids of runs that have not ended, which are left there


def import_runs(
    server: MLflowServer, out: Path, *, experiments: Sequence[str] | None = None, files: bool = True
) -> Imported:
    """Adds the ended runs of a server to `out`, each whole or not at all; those that are here stay as they are.

    An experiment becomes a project. `experiments` names those that are wanted, default all; NotFound where there is
    no such experiment. Files come too where the server itself keeps them.
    """
    known = {str(experiment["name"]): str(experiment["experiment_id"]) for experiment in server.experiments()}
    for name in experiments or ():
        if name not in known:
            raise NotFound("The experiment must exist at the MLflow server", got=name, fix=nearest(name, known))
    out.mkdir(parents=True, exist_ok=True)
    ids = (read_object(folder / "metadata.json", []).get("id") for folder in out.iterdir())
    here = {run_id for run_id in ids if isinstance(run_id, str)}
    result = Imported()
    for name in experiments or known:
        for run in server.runs([known[name]]):
            run_id, tags = run["info"]["run_id"], _pairs(run, "tags")
            own = tags.get(RUN_ID, run_id)
            if own in here or (out / own).is_dir():
                result.present.append(run_id)
            elif run["info"].get("status") not in _STATUS:
                result.unfinished.append(run_id)
            else:
                result.runs[run_id] = _take(server, run, own, project(name), out, files=files)
    return result


def _take(server: MLflowServer, run: Mapping[str, Any], own: str, target: str, out: Path, *, files: bool) -> str:
    info, tags = run["info"], _pairs(run, "tags")
    temporary = out / f".import-{os.getpid()}-{info['run_id']}"
    with storage_errors(out):
        temporary.mkdir()
        try:
            totals = _metrics(server, run, temporary)
            params = _pairs(run, "params")
            created, ended = _text(info.get("start_time")), _text(info.get("end_time"))
            write_json(temporary / "config.json", {"format_version": 1, "created_at": created, "params": params})
            status = _STATUS[info["status"]]
            metadata = {
                "format_version": 1,
                "id": own,
                "model_type": tags.get("tidebook.model_type", ""),
                "stock_symbol": tags.get("tidebook.stock_symbol"),
                "scope": tags.get("tidebook.scope"),
                "created_at": created,
                "updated_at": ended or created,
                "finished_at": ended,
                "status": status,
                "reason": f"{info['status'].lower()} at the MLflow server" if status == "failed" else None,
                "metrics": totals.to_json(),
                "imported_from": {"mlflow": server.address, "run_id": info["run_id"]},
            }
            write_json(
                temporary / "metadata.json", {name: value for name, value in metadata.items() if value is not None}
            )
            labels.change(temporary, project=target, tags=_tags(tags), notes=_notes(tags))
            root = artifact_root(info)
            if files and root is not None:
                for path in server.artifacts(info["run_id"]):
                    kept = safe_join(temporary / "files", path)
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    server.download(root, path, kept)
            folder = claim_run(out, _name(info))
            temporary.rename(folder)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    return folder.name


def _metrics(server: MLflowServer, run: Mapping[str, Any], folder: Path) -> Totals:
    """Writes the metrics log: values of the same step and time are one entry, as they were when they were logged."""
    entries: dict[tuple[int, int], dict[str, Any]] = {}
    for name in _pairs(run, "metrics"):
        for point in server.history(run["info"]["run_id"], name):
            at = (int(point.get("timestamp", 0)), int(point.get("step", 0)))
            entry = entries.setdefault(at, {"step": at[1], "phase": "train", "timestamp": _text(at[0])})
            entry[f"{name}_" if name in HEADS else name[:MAX_NAME]] = float(point["value"])
    ordered = [entries[at] for at in sorted(entries)]
    log = MetricsLog.at(folder / "logs" / "metrics.json", lambda: "another import")
    log.open()
    try:
        for entry in ordered:
            log.append(entry)
    finally:
        log.close()
    totals = Totals()
    totals.add_entries(ordered)
    return totals


def _pairs(run: Mapping[str, Any], kind: str) -> dict[str, str]:
    return {entry["key"]: str(entry.get("value", "")) for entry in (run.get("data") or {}).get(kind) or ()}


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    own = {name: text for name, text in tags.items() if not name.startswith(("mlflow.", "tidebook."))}
    kept = [(name.strip()[: labels.MAX_KEY], " ".join(text.split())[: labels.MAX_VALUE]) for name, text in own.items()]
    return dict([(name, text) for name, text in kept if name][: labels.MAX_TAGS])


def _notes(tags: Mapping[str, str]) -> str:
    return tags.get("mlflow.note.content", "")[: labels.MAX_NOTES]


def _name(info: Mapping[str, Any]) -> str:
    """The run's name as that of a folder, or its id where it cannot be one."""
    plain = re.sub(r"[/\\]", "-", str(info.get("run_name") or "").strip())[:60]
    try:
        return check_run_name(plain)
    except InvalidInput:
        return str(info["run_id"])


def _text(milliseconds: object) -> str | None:
    if not milliseconds:
        return None
    return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC).astimezone().isoformat(timespec="milliseconds")
