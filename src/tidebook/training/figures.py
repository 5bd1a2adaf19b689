"""Charts of a training as PNG files: quiet, with the forecast in the accent colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tidebook.core.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tidebook.data.panel import Panel
    from tidebook.training.evaluation import Evaluation

INK, MUTED, RULE, ACCENT, SECOND = "#1b1f24", "#6b7280", "#d9dce1", "#0b5cad", "#b45309"
FONTS = ("DejaVu Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Zen Hei")
DPI = 144
HISTORY_DAYS = 84  #: shown before the origin


def canvas(title: str, width: float = 9.0, height: float = 4.2) -> tuple[Figure, Axes]:
    """A figure with a title to the left, thin rules, and no box."""
    import logging

    import matplotlib as mpl
    from matplotlib import font_manager
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # fonts of one weight are fine
    there = {entry.name for entry in font_manager.fontManager.ttflist}
    mpl.rcParams["font.family"] = [name for name in FONTS if name in there] or ["sans-serif"]
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(printable(title), loc="left", fontsize=11, color=INK, pad=12)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, labelsize=8.5, length=0)
    return figure, axes


def printable(text: str) -> str:
    """`text` without what the fonts cannot show where no Chinese font is installed, nor dollar signs."""
    from matplotlib import font_manager

    text = text.replace("$", r"\$")
    there = {entry.name for entry in font_manager.fontManager.ttflist}
    if there.intersection(FONTS[1:]):
        return text
    return "".join(letter if ord(letter) < 0x2E80 else "?" for letter in text)


def save(figure: Figure, path: Path) -> None:
    """The figure as a PNG at `path`, whole or not at all."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png")


def loss_curve(history: Sequence[Mapping[str, Any]], title: str, path: Path) -> None:
    """Training and validation loss by epoch, the best epoch marked. Entries: epoch, train_loss, val_loss."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = canvas(title)
    epochs = [entry["epoch"] for entry in history]
    for key, name, colour in (("train_loss", "training", MUTED), ("val_loss", "validation", ACCENT)):
        losses = np.array([_number(entry.get(key)) for entry in history])
        if not np.isfinite(losses).any():
            continue
        axes.plot(epochs, losses, color=colour, linewidth=1.6, marker="o" if len(epochs) < 3 else None, markersize=3)
        last = int(np.nonzero(np.isfinite(losses))[0][-1])
        axes.annotate(
            name,
            (epochs[last], losses[last]),
            xytext=(6, 0),
            textcoords="offset points",
            color=colour,
            fontsize=9,
            va="center",
        )
        if key == "val_loss":
            best = int(np.nanargmin(losses))
            axes.plot([epochs[best]], [losses[best]], "o", color=ACCENT, markersize=5)
            axes.annotate(
                f"best {losses[best]:.4g}, epoch {epochs[best]}",
                (epochs[best], losses[best]),
                xytext=(0, -14),
                textcoords="offset points",
                color=INK,
                fontsize=8.5,
                ha="center",
            )
    axes.set_xlabel("epoch", color=MUTED, fontsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.margins(x=0.02, y=0.18)
    save(figure, path)


def forecast(panel: Panel, evaluation: Evaluation, title: str, path: Path) -> None:
    """The held-out days: what was sold and what was forecast, as the total of all series."""
    origin, horizon = evaluation.origin, evaluation.predicted.shape[1]
    first = max(0, origin - HISTORY_DAYS)
    figure, axes = canvas(title)
    shown = slice(first, origin + horizon)
    total = panel.target[:, shown].sum(axis=0, dtype=np.float64)
    total[~panel.mask[:, shown].any(axis=0)] = np.nan
    predicted = np.where(panel.mask[:, origin : origin + horizon], evaluation.predicted, 0).sum(
        axis=0, dtype=np.float64
    )
    draw_forecast(axes, panel.dates[shown], total, panel.dates[origin : origin + horizon], predicted)
    wape = evaluation.metrics.get("wape")
    if wape is not None:
        axes.set_title(f"WAPE {wape:.3f}", loc="right", fontsize=9, color=MUTED, pad=12)
    save(figure, path)


def draw_forecast(axes: Axes, days: Any, history: Any, future: Any, predicted: Any) -> None:
    """History in ink, forecast in the accent colour, the origin as a thin line with its date."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    axes.plot(days, history, color=INK, linewidth=1.1)
    axes.plot(future, predicted, color=ACCENT, linewidth=1.8)
    axes.axvline(future[0], color=MUTED, linewidth=0.8)
    axes.set_ylim(bottom=min(0.0, float(np.nanmin(np.concatenate([history, predicted])))))
    axes.margins(x=0.01)
    axes.text(
        future[0],
        1.0,
        f"forecast from {future[0]}",
        transform=axes.get_xaxis_transform(),
        color=MUTED,
        fontsize=8.5,
        va="bottom",
    )
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")
