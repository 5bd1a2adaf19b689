"""The paper that figures are drawn on: type, colours, axes, labels."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import font_manager, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tidebook.core.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPER, INK, INK_2, INK_3, RULE, ACCENT = "#ffffff", "#16191d", "#555c65", "#6b727b", "#dfe2e5", "#0b5ea8"
SANS = ("Helvetica Neue", "Segoe UI", "Liberation Sans", "DejaVu Sans")
CHINESE = ("PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Zen Hei")
WIDTH = 9.6  #: inches
LEFT, RIGHT, BOTTOM, TOP = 0.08, 0.9, 0.36, 0.62  #: fractions of the width; inches below and above
DPI = 160
SMALL, TEXT, LARGE = 8, 9, 11.5  #: points


def canvas(title: str, subtitle: str = "", *, height: float = 4.2) -> tuple[Figure, Axes]:
    """A figure of `height` inches with one pair of axes below a title."""
    figure = sheet(title, subtitle, height=height)
    with style():
        axes = figure.add_axes((LEFT, BOTTOM / height, RIGHT - LEFT, 1 - (BOTTOM + TOP) / height))
    quiet(axes)
    return figure, axes


def sheet(title: str, subtitle: str = "", *, height: float) -> Figure:
    """A figure with a title and no axes yet."""
    with style():
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor=PAPER)
        for text, below, size, colour in ((title, 0.13, LARGE, INK), (subtitle, 0.34, SMALL, INK_2)):
            figure.text(
                0.012,
                1 - below / height,
                printable(text),
                size=size,
                color=colour,
                va="top",
                parse_math=False,
            )
    return figure


def quiet(axes: Axes, *, ticks: int = 5) -> None:
    """Thin horizontal rules, no frame, numbers with thousands separators."""
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(RULE)
    axes.grid(axis="y", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=INK_3, pad=4)
    axes.yaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(number))


def number(value: float, _position: object = None) -> str:
    """`12,000`, `0.25`, `1.5 M`."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:,.4g} M"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.4g}"


def label_ends(axes: Axes, labels: Sequence[tuple[float, str, str]], *, size: float = SMALL) -> None:
    """Names curves at the right edge: (value at the end, name, colour). Names that would overlap move apart."""
    low, high = axes.get_ylim()
    height = axes.bbox.height * 72 / DPI  # points
    apart = 1.35 * size / height
    placed = float("inf")
    for value, name, colour in sorted(labels, reverse=True):
        placed = min((value - low) / (high - low), placed - apart)
        axes.annotate(
            printable(name),
            (1, placed),
            xycoords="axes fraction",
            xytext=(6, 0),
            textcoords="offset points",
            color=colour,
            size=size,
            va="center",
            annotation_clip=False,
        )


def save(figure: Figure, path: Path) -> None:
    """Writes the PNG, atomically."""
    with style(), replacing(path) as temporary:
        FigureCanvasAgg(figure).print_png(temporary)


@contextmanager
def style() -> Iterator[None]:
    """Fonts for all that is made or drawn within."""
    # A Chinese font often comes in one weight alone; that another was asked for is nothing to report.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    with rc_context({"font.family": list(_fonts())}):
        yield


@cache
def _fonts() -> tuple[str, ...]:
    """Those that are there: one for Latin, one for Chinese; a glyph that the first lacks comes from the second."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    latin = [name for name in SANS if name in there][:1]
    return (*latin, *[name for name in CHINESE if name in there][:1]) or ("DejaVu Sans",)


def printable(text: str) -> str:
    """`text` with what no font can draw as a question mark, and everything that is not visible as a space."""
    fonts = [font_manager.get_font(font_manager.findfont(name)) for name in _fonts()]
    drawn = (c if any(font.get_char_index(ord(c)) for font in fonts) else "?" for c in " ".join(text.split()))
    return "".join(drawn)
