"""The chart of a saved forecast, as a PNG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tidebook.core.settings import Settings
from tidebook.records import forecast as records
from tidebook.training import figures


def draw(settings: Settings, forecast_id: str) -> Path:
    """The path of the chart of a forecast, drawn the first time; NotFound where the forecast is gone."""
    result = records.load(settings, forecast_id)
    path = settings.cache / "charts" / f"{forecast_id}.png"
    if not path.exists():
        curves = result["total"] or result["series"][0]
        history, prediction = _numbers(curves["history"]["values"]), _numbers(curves["prediction"]["values"])
        bands = [
            (interval["level"], _numbers(interval["lower"]), _numbers(interval["upper"]))
            for interval in curves.get("intervals", ())
        ]
        figure, axes = figures.canvas(
            result["model"]["description"], figures.legend([level for level, _, _ in bands]).capitalize()
        )
        days = _days(curves["prediction"])
        figures.draw_forecast(axes, _days(curves["history"]), history, days, prediction, bands=bands)
        figures.save(figure, path)
    return path


def _days(curve: dict[str, Any]) -> Any:
    return np.array(curve["dates"], dtype="datetime64[D]")


def _numbers(values: list[float | None]) -> Any:
    return np.array([np.nan if value is None else value for value in values])
