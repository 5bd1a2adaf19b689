"""saved_predictions/{id}.json: one saved forecast. One in the archive is {id}.archived.json, with its summary."""

from __future__ import annotations

import math
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tidebook.core.errors import DataFault, NotFound
from tidebook.core.files import read_json, safe_join, write_json
from tidebook.core.ids import check_id, is_id
from tidebook.core.settings import Settings
from tidebook.records.belonging import belonging

ARCHIVED = ".archived.json"  #: in place of .json
MOST = 2**53  #: what counts, and sums in either direction, stay below
_TEXTS = ("id", "created_at", "model", "description", "origin")
_COUNTS = ("horizon", "series")


def path(settings: Settings, prediction_id: str) -> Path:
    """The file of a forecast, whether or not it exists."""
    return safe_join(settings.saved_predictions, f"{check_id(prediction_id, 'PRED')}.json")


def save(settings: Settings, result: dict[str, Any]) -> Path:
    """Writes a result under its id and returns the file."""
    file = path(settings, str(result["id"]))
    write_json(file, result)
    return file


def archived_path(settings: Settings, prediction_id: str) -> Path:
    """The file that stands in for a forecast in the archive, whether or not it exists."""
    return path(settings, prediction_id).with_suffix(ARCHIVED)


def archived(settings: Settings, prediction_id: str) -> dict[str, Any] | None:
    """What stands in for a forecast that is in the archive; None where it is here, or nowhere.

    NotFound where the file is damaged.
    """
    file = archived_path(settings, prediction_id)
    if path(settings, prediction_id).is_file() or not file.is_file():
        return None
    record = read_json(file)
    if not isinstance(record, dict) or not isinstance(record.get("summary"), dict):
        raise NotFound(f"{file.name} must say what was archived", got="something else", fix="Restore it from a backup.")
    return record


def load(settings: Settings, prediction_id: str) -> dict[str, Any]:
    """The whole result; NotFound where there is none here."""
    file = path(settings, prediction_id)
    if not file.is_file():
        raise absent(prediction_id)
    result: dict[str, Any] = read_json(file)
    return result


def delete(settings: Settings, prediction_id: str) -> None:
    """Removes a forecast, or what stands in for one in the archive; NotFound where there is none."""
    files = (path(settings, prediction_id), archived_path(settings, prediction_id))
    if not any(file.is_file() for file in files):
        raise absent(prediction_id)
    for file in files:
        file.unlink(missing_ok=True)


def absent(prediction_id: str) -> NotFound:
    """The error for an id that no forecast has."""
    return NotFound("The forecast must exist", got=prediction_id, fix="Choose one from the history of forecasts.")


def every(settings: Settings) -> dict[str, bool]:
    """The ids of all saved forecasts, and whether each is in the archive."""
    found: dict[str, bool] = {}
    if settings.saved_predictions.is_dir():
        for entry in os.scandir(settings.saved_predictions):
            stem = entry.name.removesuffix(".json")
            if stem != entry.name and is_id(name := stem.removesuffix(".archived"), "PRED"):
                found[name] = stem != name and found.get(name, True)
    return found


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """What the history shows of a result, or of what stands in for one in the archive.

    KeyError or TypeError where it is something else, DataFault where a value is none that can be.
    """
    if "summary" in result:
        return _checked({**result["summary"], "is_archived": True})
    curves = [series["prediction"]["values"] for series in result["series"]]
    values = [value for curve in curves for value in curve if value is not None]
    told = {
        "id": result["id"],
        "created_at": result["created_at"],
        "model": result["model"]["address"],
        "description": result["model"]["description"],
        "horizon": result["horizon"],
        "origin": result["origin"],
        "series": len(curves),
        "total": round(sum(values), 4),
        "is_archived": False,
        **asdict(belonging(result)),
    }
    return _checked(told)


def _checked(told: dict[str, Any]) -> dict[str, Any]:
    """The summary, if each of its values is of its kind."""
    wrong = [name for name in _TEXTS if not isinstance(told[name], str)]
    wrong += [name for name in _COUNTS if type(told[name]) is not int or not 0 <= told[name] < MOST]
    total = told["total"]
    is_number = isinstance(total, int | float) and not isinstance(total, bool)
    if total is not None and not (is_number and math.isfinite(total) and abs(total) < MOST):
        wrong.append("total")
    if wrong:
        raise DataFault(
            "A forecast must hold texts and numbers within bounds",
            got=f"{wrong[0]}: {told[wrong[0]]!r}"[:120],
            fix="Restore the file from a backup, or delete it.",
        )
    return {**told, **asdict(belonging(told))}
