"""A forecast in a few figures and sentences: level, trend, weekly pattern, and change against the past."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tidebook.core.arrays import Days
from tidebook.core.locales import sentence

F64 = npt.NDArray[np.float64]
RECENT = 28  #: days of history that make the level and precede the forecast in the trend
YEAR = 364  #: days: the same weekday a year before
FLAT = 0.5  #: percent of the level per week below which a trend counts as flat


def analyse(history: F64, prediction: F64, dates: Days) -> dict[str, Any]:
    """The analysis block of a forecast.

    `history`[T] is the total of all series (NaN where nothing was observed) on `dates`[T], `prediction`[H] the
    total on the days after. Levels and changes are in original units, percentages in percent.
    """
    level = _level(history, prediction)
    weekdays = _weekday(dates[-1] + 1 + np.arange(len(prediction)))
    trend = _trend(prediction, weekdays, level["forecast_mean"])
    weekly = _weekly(history, dates, prediction, weekdays)
    last_period = _change(prediction, history[-len(prediction) :] if len(history) >= len(prediction) else None)
    last_year = _change(prediction, _year_before(history, len(prediction)))
    return {
        "level": level,
        "trend": trend,
        "weekly": weekly,
        "change_vs_last_period": last_period,
        "change_vs_last_year": last_year,
        "sentences": _sentences(level, trend, weekly, last_period, last_year, len(prediction)),
    }


def _level(history: F64, prediction: F64) -> dict[str, float | None]:
    recent = history[-RECENT:]
    before = float(np.nanmean(recent)) if np.isfinite(recent).any() else None
    after = float(prediction.mean())
    return {
        "recent_mean": _rounded(before),
        "forecast_mean": _rounded(after),
        "change_percent": _rounded(100 * (after - before) / before) if before else None,
    }


def _trend(prediction: F64, weekdays: npt.NDArray[np.int64], level: float | None) -> dict[str, Any]:
    """The slope of least squares on time and weekday, so that a half week at either end does not look like one."""
    if len(prediction) < 2 * 7:
        return {"slope_per_week": None, "direction": None}
    time = np.arange(len(prediction)) / 7
    columns = np.column_stack([time, np.eye(7)[weekdays]])
    slope = float(np.linalg.lstsq(columns, prediction, rcond=None)[0][0])
    flat = level is None or abs(slope) <= FLAT / 100 * abs(level)
    return {"slope_per_week": _rounded(slope), "direction": "flat" if flat else "rising" if slope > 0 else "falling"}


def _weekly(
    history: F64, dates: Days, prediction: F64, weekdays: npt.NDArray[np.int64]
) -> list[dict[str, float | int | None]]:
    """The mean of each weekday over the mean of all days; short forecasts borrow days from the history."""
    if len(prediction) >= 2 * 7:
        values, days = prediction, weekdays
    else:
        values = np.concatenate([history[-2 * 7 :], prediction])
        days = np.concatenate([_weekday(dates[-2 * 7 :]), weekdays])
    overall = float(np.nanmean(values)) if np.isfinite(values).any() else 0.0
    factors: list[dict[str, float | int | None]] = []
    for weekday in range(7):
        own = values[(days == weekday) & np.isfinite(values)]
        factor = float(own.mean()) / overall if len(own) and overall else None
        factors.append({"weekday": weekday, "factor": _rounded(factor)})
    return factors


def _year_before(history: F64, horizon: int) -> F64 | None:
    first = len(history) - YEAR
    if first < 0 or horizon > YEAR:
        return None
    return history[first : first + horizon]


def _change(prediction: F64, before: F64 | None) -> dict[str, float | None] | None:
    """Sum against sum, over the days that were observed before."""
    if before is None or not np.isfinite(before).any():
        return None
    seen = np.isfinite(before)
    old, new = float(before[seen].sum()), float(prediction[seen].sum())
    return {"absolute": _rounded(new - old), "percent": _rounded(100 * (new - old) / abs(old)) if old else None}


def _weekday(days: Days) -> npt.NDArray[np.int64]:
    """0 for Monday; 1970-01-01 was a Thursday."""
    return (days.astype("datetime64[D]").astype(np.int64) + 3) % 7


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _plain(value: float | None) -> str:
    """About three digits, without an exponent: 12.3, 1,234, 1,234,567."""
    if value is None:
        return ""
    decimals = max(0, 3 - len(str(int(abs(value)))))
    return f"{value:,.{decimals}f}" if value == 0 or abs(value) >= 0.01 else f"{value:.2g}"


def _sentences(
    level: dict[str, Any],
    trend: dict[str, Any],
    weekly: list[dict[str, Any]],
    last_period: dict[str, Any] | None,
    last_year: dict[str, Any] | None,
    horizon: int,
) -> dict[str, list[str]]:
    key = "level" if level["recent_mean"] is not None else "level_alone"
    spoken = [_spoken(key, mean=_plain(level["forecast_mean"]), recent=_plain(level["recent_mean"]), days=horizon)]
    if trend["direction"] is not None:
        spoken.append(_spoken(trend["direction"], slope=_plain(abs(trend["slope_per_week"]))))
    known = [entry for entry in weekly if entry["factor"] is not None]
    if len(known) == 7:
        high, low = max(known, key=lambda e: e["factor"]), min(known, key=lambda e: e["factor"])
        if high["factor"] - low["factor"] >= 0.05:
            spoken.append(
                _spoken(
                    "weekly",
                    high=_spoken(f"weekday_{high['weekday']}"),
                    low=_spoken(f"weekday_{low['weekday']}"),
                    above=100 * (high["factor"] - 1),
                    below=100 * (1 - low["factor"]),
                )
            )
    for name, change in (("last_period", last_period), ("last_year", last_year)):
        if change is not None and change["percent"] is not None:
            kind = "more" if change["percent"] >= 0 else "less"
            spoken.append(_spoken(f"{name}_{kind}", percent=abs(change["percent"]), days=horizon))
    return {language: [sentence[language] for sentence in spoken] for language in ("en", "zh")}


def _spoken(key: str, **values: Any) -> dict[str, str]:
    return sentence("tidebook.forecasting", key, **values)
