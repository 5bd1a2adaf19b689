"""saved_predictions/{id}.json: one saved forecast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tidebook.core.errors import NotFound
from tidebook.core.files import read_json, safe_join, write_json
from tidebook.core.ids import check_id
from tidebook.core.settings import Settings
from tidebook.records.belonging import belonging


def path(settings: Settings, prediction_id: str) -> Path:
    """The file of a forecast, whether or not it exists."""
    return safe_join(settings.saved_predictions, f"{check_id(prediction_id, 'PRED')}.json")


def save(settings: Settings, result: dict[str, Any]) -> Path:
    """Writes a result under its id and returns the file."""
    file = path(settings, str(result["id"]))
    write_json(file, result)
    return file


def load(settings: Settings, prediction_id: str) -> dict[str, Any]:
    """The whole result; NotFound where there is none."""
    file = path(settings, prediction_id)
    if not file.is_file():
        raise absent(prediction_id)
    result: dict[str, Any] = read_json(file)
    return result


def delete(settings: Settings, prediction_id: str) -> None:
    """Removes a forecast; NotFound where there is none."""
    try:
        path(settings, prediction_id).unlink()
    except FileNotFoundError as error:
        raise absent(prediction_id) from error


def absent(prediction_id: str) -> NotFound:
    """The error for an id that no forecast has."""
    return NotFound("The forecast must exist", got=prediction_id, fix="Choose one from the history of forecasts.")


def every(settings: Settings) -> Iterator[str]:
    """The ids of all saved forecasts."""
    if settings.saved_predictions.is_dir():
        for file in settings.saved_predictions.glob("PRED*.json"):
            yield file.stem


def summary(result: dict[str, Any]) -> dict[str, Any]:
    """What the history shows of a result."""
    curves = [series["prediction"]["values"] for series in result["series"]]
    return {
        "id": result["id"],
        "created_at": result["created_at"],
        "model": result["model"]["address"],
        "description": result["model"]["description"],
        "horizon": result["horizon"],
        "origin": result["origin"],
        "series": len(curves),
        "total": round(sum(value for curve in curves for value in curve if value is not None), 4),
        "is_archived": False,
        **asdict(belonging(result)),
    }
