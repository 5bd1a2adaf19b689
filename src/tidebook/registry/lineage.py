"""Where a version comes from: version → run → data → code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tidebook.core.errors import InvalidInput, NotFound
from tidebook.core.files import check_segment, read_json

_CODE = {"commit": str, "branch": str, "dirty": bool, "package": str}


def lineage(metadata: Mapping[str, Any], runs: Path | None) -> dict[str, Any]:
    """`{run_name, run_exists, task_id, dataset, fingerprint, code, members}` of a version with this metadata.json.

    `runs` is the folder of the runs, where there is one: what the version does not say of its code, its run may.
    """
    run_name, dataset = _text(metadata, "run_name"), metadata.get("dataset")
    folder = _folder(runs, run_name)
    return {
        "run_name": run_name,
        "run_exists": folder is not None,
        "task_id": _text(metadata, "task_id"),
        "dataset": dataset if isinstance(dataset, Mapping) else None,
        "fingerprint": _text(dataset, "fingerprint") if isinstance(dataset, Mapping) else None,
        "code": _code(metadata.get("code")) or (None if folder is None else _code(_of_run(folder))),
        "members": members(metadata),
    }


def members(metadata: Mapping[str, Any]) -> list[str]:
    """The addresses of the versions that an ensemble is made of; [] for any other model."""
    hyperparameters = metadata.get("hyperparameters")
    named = hyperparameters.get("members") if isinstance(hyperparameters, Mapping) else None
    return [part.strip().strip("/") for part in named.split(",") if part.strip()] if isinstance(named, str) else []


def _folder(runs: Path | None, run_name: str | None) -> Path | None:
    """The folder of a run that is still there."""
    if runs is None or run_name is None:
        return None
    try:
        folder = runs / check_segment(run_name)
    except InvalidInput:
        return None
    return folder if (folder / "metadata.json").is_file() else None


def _of_run(folder: Path) -> object:
    try:
        context = read_json(folder / "context.json")
    except NotFound:
        return None
    git = context.get("git") if isinstance(context, Mapping) else None
    packages = context.get("packages") if isinstance(context, Mapping) else None
    package = packages.get("tidebook") if isinstance(packages, Mapping) else None
    return {**(git if isinstance(git, Mapping) else {}), "package": package}


def _code(value: object) -> dict[str, Any] | None:
    """What is said of the code, each part None where it is not known; None where nothing is."""
    said = value if isinstance(value, Mapping) else {}
    code = {name: said.get(name) if isinstance(said.get(name), kind) else None for name, kind in _CODE.items()}
    return code if any(part is not None for part in code.values()) else None


def _text(value: Mapping[str, Any], name: str) -> str | None:
    text = value.get(name)
    return text if isinstance(text, str) and text else None
