"""Figures as PNG files: the loss curve of a training, and forecasts beside what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.ticker import MaxNLocator

from tidebook.core.arrays import F64, Days, Flags
from tidebook.intervals.levels import pairs
from tidebook.training import metrics
from tidebook.training.canvas import (
    ACCENT,
    BOTTOM,
    INK,
    INK_2,
    INK_3,
    LEFT,
    RIGHT,
    SMALL,
    TOP,
    canvas,
    label_ends,
    printable,
    quiet,
    save,
    sheet,
    style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tidebook.abc import Forecast
    from tidebook.data.panel import Panel
    from tidebook.training.evaluation import Evaluation

__all__ = ["Band", "bands", "canvas", "draw_forecast", "forecast", "legend", "loss_curve", "save"]

Band = tuple[float, F64, F64]  #: level in percent, lower and upper bound by day
BAND = 0.16  #: opacity of a band; where a narrower one lies in it, it is darker by itself
HISTORY_DAYS = 112  #: shown before a forecast
MULTIPLES = 6  #: series shown on their own at most, the largest
COLUMNS = 3


def loss_curve(history: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Train and validation loss by epoch, the best epoch marked, from entries with epoch, train_loss and val_loss."""
    by_epoch = {int(entry["epoch"]): entry for entry in history if entry.get("phase", "train") == "train"}
    epochs = sorted(by_epoch)
    curves = {
        name: np.array([_number(by_epoch[epoch].get(key)) for epoch in epochs])
        for name, key in (("train", "train_loss"), ("validation", "val_loss"))
    }
    validation = curves["validation"]
    best = int(np.nanargmin(validation)) if np.isfinite(validation).any() else None
    subtitle = "Loss by epoch"
    if best is not None:
        subtitle += f", best {validation[best]:.4g} at epoch {epochs[best]} of {epochs[-1]}"
    figure, axes = canvas(title, subtitle, height=3.6)
    with style():
        labels = []
        for name, colour, width in (("train", INK_3, 1.1), ("validation", ACCENT, 1.6)):
            values = curves[name]
            marker = "o" if len(epochs) == 1 else None
            axes.plot(epochs, values, color=colour, linewidth=width, marker=marker, markersize=4)
            if np.isfinite(values).any():
                labels.append((float(values[np.isfinite(values)][-1]), name, colour))
        if best is not None:
            axes.plot(
                epochs[best], validation[best], "o", color=ACCENT, markersize=5, markeredgecolor="white", zorder=3
            )
            axes.axvline(epochs[best], color=ACCENT, linewidth=0.6, alpha=0.5, zorder=1)
        axes.set_xlim(epochs[0] - 0.5 * (len(epochs) == 1), epochs[-1] + 0.5 * (len(epochs) == 1))
        axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
        label_ends(axes, labels)
        save(figure, path)


def forecast(panel: Panel, evaluation: Evaluation, title: str, path: Path) -> None:
    """The forecast of the test part over what came: the one series, or the total and the largest series below."""
    first = max(0, evaluation.origin - HISTORY_DAYS)
    last = evaluation.origin + evaluation.values.shape[1]
    dates = panel.dates[first:last]
    split = evaluation.origin - first
    mask = panel.mask[evaluation.series, first:last]
    actual = np.where(mask, panel.target[evaluation.series, first:last], np.nan).astype(np.float64)
    predicted = evaluation.values.astype(np.float64)
    held, came = evaluation.mask, evaluation.actual.astype(np.float64)
    wape = metrics.wape(came[held], predicted[held])
    naive = metrics.wape(came[held], evaluation.naive["seasonal_naive_14"][held].astype(np.float64))
    subtitle = f"{dates[split]} to {dates[-1]}, held out. WAPE {wape:.3f}, seasonal naive of 14 days {naive:.3f}"
    subtitle = ", ".join(
        filter(None, [subtitle, legend([level for level, _, _ in pairs(evaluation.forecast.quantiles)])])
    )
    count = len(evaluation.series)
    if count == 1:
        figure, axes = canvas(title, subtitle)
        draw_forecast(
            axes,
            dates[:split],
            actual[0, :split],
            dates[split:],
            predicted[0],
            actual[0, split:],
            bands=bands(evaluation.forecast, 0),
        )
        save(figure, path)
        return
    shown = np.argsort(-np.nansum(actual, axis=1), kind="stable")[:MULTIPLES]
    rows = -(-len(shown) // COLUMNS)
    upper, lower, gap = 3.0, 1.25, 0.52  # inches
    height = TOP + upper + rows * (lower + gap) + BOTTOM
    figure = sheet(title, f"Total of {count} series, {subtitle}", height=height)
    with style():
        axes = figure.add_axes((LEFT, 1 - (TOP + upper) / height, RIGHT - LEFT, upper / height))
        quiet(axes)
        nobody: Flags = ~np.asarray(mask.any(axis=0))
        total = np.where(nobody, np.nan, np.nansum(actual, axis=0))
        # The total of the forecasts is over the same series and days as that of the observations.
        forecast_total = np.where(nobody[split:], np.nan, np.where(mask[:, split:], predicted, 0).sum(axis=0))
        draw_forecast(
            axes,
            dates[:split],
            total[:split],
            dates[split:],
            forecast_total,
            total[split:],
            bands=bands(evaluation.total, 0),
        )
        width = (RIGHT - LEFT - 0.055 * (COLUMNS - 1)) / COLUMNS
        for place, series in enumerate(shown.tolist()):
            row, column = divmod(place, COLUMNS)
            top = TOP + upper + row * (lower + gap) + gap
            left = LEFT + column * (width + 0.055)
            small = figure.add_axes((left, 1 - (top + lower) / height, width, lower / height))
            quiet(small, ticks=3)
            seen = held[series]
            own = metrics.wape(came[series, seen], predicted[series, seen])
            draw_forecast(
                small,
                dates[split - 28 : split] if split > 28 else dates[:split],
                actual[series, max(0, split - 28) : split],
                dates[split:],
                predicted[series],
                actual[series, split:],
                bands=bands(evaluation.forecast, series),
                named=False,
            )
            small.set_title(
                printable(f"{panel.keys[evaluation.series[series]].label}, WAPE {own:.3f}"),
                loc="left",
                size=SMALL,
                color=INK_2,
                pad=5,
                parse_math=False,
            )
        save(figure, path)


def draw_forecast(
    axes: Axes,
    history_dates: Days,
    history: F64,
    dates: Days,
    prediction: F64,
    actual: F64 | None = None,
    *,
    bands: Sequence[Band] = (),
    named: bool = True,
) -> None:
    """History in ink, the forecast in the accent colour over its intervals, a thin line with its date at the origin.

    NaN leaves a gap. `actual` is what came on the forecast's days. `named` puts names at the curves' ends.
    """
    with style():
        for _, lower, upper in bands:
            axes.fill_between(dates, lower, upper, color=ACCENT, alpha=BAND, linewidth=0)
        if actual is not None:
            come = np.concatenate((history[-1:], actual))
            axes.plot(np.concatenate((history_dates[-1:], dates)), come, color=INK, linewidth=1.0, alpha=0.45)
        axes.plot(history_dates, history, color=INK, linewidth=1.0)
        axes.plot(dates, prediction, color=ACCENT, linewidth=1.5)
        axes.axvline(dates[0], color=INK_2, linewidth=0.6)
        axes.set_xlim(history_dates[0], dates[-1])
        outermost = [curve for _, lower, upper in bands for curve in (lower, upper)]
        everything = np.concatenate((history, prediction, [] if actual is None else actual, *outermost))
        everything = everything[np.isfinite(everything)]
        if len(everything):
            low, high = float(everything.min()), float(everything.max())
            # Sales start at zero; what never comes near it, as prices, is shown in its own range.
            low = 0.0 if 0 <= low < 0.6 * high else low
            room = 0.06 * (high - low) or max(1.0, abs(high))
            axes.set_ylim(low - room * (low != 0), high + room)
        locator = AutoDateLocator(minticks=3 if named else 2, maxticks=9 if named else 4)
        axes.xaxis.set_major_locator(locator)
        formatter = ConciseDateFormatter(locator)
        formatter.zero_formats = ["", "%Y", "%b", "%b %d", "%H:%M", "%H:%M"]
        axes.xaxis.set_major_formatter(formatter)
        axes.xaxis.get_offset_text().set_visible(False)
        if not named:
            return
        axes.annotate(
            str(dates[0]),
            (dates[0], 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, 1),
            textcoords="offset points",
            size=SMALL,
            color=INK_2,
            va="bottom",
        )
        ends = [(_last(prediction), "forecast", ACCENT)]
        if actual is not None:
            ends.append((_last(actual), "actual", INK_2))
        label_ends(axes, [end for end in ends if np.isfinite(end[0])])


def bands(forecast: Forecast | None, row: int) -> list[Band]:
    """The intervals of one row of a forecast, narrowest first."""
    if forecast is None:
        return []
    values = forecast.values[row].astype(np.float64)
    return [(level, values[:, low], values[:, high]) for level, low, high in pairs(forecast.quantiles)]


def legend(levels: Sequence[float]) -> str:
    """`bands of 80 and 95 %`; nothing where there are none."""
    return f"bands of {' and '.join(f'{level:g}' for level in levels)} %" if levels else ""


def _last(values: F64) -> float:
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else np.nan


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else np.nan
