"""Which days of a series are known to be closed: what is forecast of them is certain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tidebook.core.arrays import I64, Flags

if TYPE_CHECKING:
    from tidebook.data.panel import Panel


def closed(panel: Panel, series: I64, first: I64, count: int) -> Flags:
    """[B, count]: whether series[B] are closed on the days from first[B] on; days before the calendar are not."""
    days = first[:, None] + np.arange(count)
    if panel.open_name is None or panel.open_name not in panel.known_names:
        return np.zeros(days.shape, dtype=np.bool_)
    column = panel.known_names.index(panel.open_name)
    shut: Flags = (panel.known[series[:, None], np.maximum(days, 0), column] <= 0) & (days >= 0)
    return shut
