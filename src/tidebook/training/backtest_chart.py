"""The figure of a backtest: the error by days ahead beside the naive forecast's, and how often intervals held."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tidebook.core.arrays import F64
from tidebook.training.canvas import (
    ACCENT,
    INK_2,
    INK_3,
    LEFT,
    RIGHT,
    SMALL,
    TEXT,
    label_ends,
    quiet,
    save,
    sheet,
    style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEIGHT, ABOVE, BELOW = 3.8, 0.92, 0.52  #: inches
GAP = 0.16  #: between the two, as a fraction of the width: the names of the first one's curves stand there
ROOM = 0.03  #: below the lowest share of an interval
COLOURS = (ACCENT, INK_2, INK_3)


def draw(document: dict[str, Any], title: str, path: Path) -> None:
    """The figure of what backtest.json holds, as a PNG."""
    steps, levels = document["by_step"], document["coverage"]
    figure = sheet(title, _subtitle(document), height=HEIGHT)
    width = (RIGHT - LEFT - GAP) / 2 if levels else RIGHT - LEFT
    with style():
        axes = _panel(figure, LEFT, width, "WAPE by days ahead", steps)
        naive = f"naive, {document['skill']['against'].rsplit('_', 1)[-1]} days"
        lines = [
            (_column(steps, "baseline_wape"), naive, INK_3, 1.1),
            (_column(steps, "wape"), "this model", ACCENT, 1.6),
        ]
        _lines(axes, lines)
        axes.set_ylim(0, 1.08 * _highest(lines))
        _name(axes, lines)
        if levels:
            axes = _panel(figure, LEFT + width + GAP, width, "Share of values within the interval", steps)
            shares = [
                (_share(steps, entry["level"]), f"{entry['level']:g} %", COLOURS[min(i, 2)], 1.6 if i == 0 else 1.1)
                for i, entry in enumerate(levels)
            ]
            for (_, _, colour, _), entry in zip(shares, levels, strict=True):
                axes.axhline(entry["nominal"], color=colour, linewidth=0.8, linestyle=(0, (2, 3)))
            _lines(axes, shares)
            lowest = min([entry["nominal"] for entry in levels] + [_least(values) for values, *_ in shares])
            axes.set_ylim(max(0.0, lowest - ROOM), 1.0 + ROOM / 3)
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))
            _name(axes, shares)
        save(figure, path)


def _subtitle(document: dict[str, Any]) -> str:
    """`3 folds of 28 days from 2024-07-04 to 2024-08-29. Skill 31 %. 80 % interval held 79 %, 95 % held 94 %`."""
    folds, skill = document["folds"], document["skill"]["value"]
    text = f"{len(folds)} fold{'s' * (len(folds) > 1)} of {document['horizon']} days, from {folds[0]['origin']}"
    if len(folds) > 1:
        text += f" to {folds[-1]['origin']}"
    if skill is not None:
        text += f". Skill against the naive forecast {100 * skill:.0f} %"
    held = [
        f"the {entry['level']:g} % interval held {100 * entry['observed']:.1f} %"
        for entry in document["coverage"]
        if entry["observed"] is not None
    ]
    return f"{text}. In all {', '.join(held)}" if held else text


def _panel(figure: Figure, left: float, width: float, name: str, steps: Sequence[dict[str, Any]]) -> Axes:
    axes = figure.add_axes((left, BELOW / HEIGHT, width, 1 - (ABOVE + BELOW) / HEIGHT))
    quiet(axes)
    axes.set_title(name, loc="left", size=TEXT, color=INK_2, pad=8)
    axes.set_xlabel("days ahead", size=SMALL, color=INK_3, labelpad=4)
    last = len(steps)
    axes.set_xlim(1 - 0.5 * (last == 1), last + 0.5 * (last == 1))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 5, 7, 10]))
    return axes


def _lines(axes: Axes, lines: Sequence[tuple[F64, str, str, float]]) -> None:
    for values, _, colour, width in lines:
        marker = "o" if np.isfinite(values).sum() == 1 else None
        axes.plot(np.arange(1, len(values) + 1), values, color=colour, linewidth=width, marker=marker, markersize=4)


def _name(axes: Axes, lines: Sequence[tuple[F64, str, str, float]]) -> None:
    ends = [(values[np.isfinite(values)], name, colour) for values, name, colour, _ in lines]
    label_ends(axes, [(float(values[-1]), name, colour) for values, name, colour in ends if len(values)])


def _column(steps: Sequence[dict[str, Any]], name: str) -> F64:
    return np.array([np.nan if step[name] is None else step[name] for step in steps], dtype=np.float64)


def _share(steps: Sequence[dict[str, Any]], level: float) -> F64:
    shares = [step["coverage"].get(f"{level:g}") for step in steps]
    return np.array([np.nan if share is None else share for share in shares], dtype=np.float64)


def _highest(lines: Sequence[tuple[F64, str, str, float]]) -> float:
    finite = np.concatenate([values[np.isfinite(values)] for values, *_ in lines])
    return float(finite.max()) if len(finite) and finite.max() > 0 else 1.0


def _least(values: F64) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.min()) if len(finite) else 1.0
