"""A part of a panel's time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidebook.data.panel import Panel


def cut(panel: Panel, first: int, last: int) -> Panel:
    """The panel of the days [first, last); positions are then counted from `first`."""
    days = slice(first, last)
    return replace(
        panel,
        dates=panel.dates[days],
        target=panel.target[:, days],
        mask=panel.mask[:, days],
        known=panel.known[:, days],
        past=panel.past[:, days],
        end=min(max(panel.end - first, 0), last - first),
    )
