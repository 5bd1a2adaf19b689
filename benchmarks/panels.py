"""Panels made from random numbers, large or small, without a file."""

from __future__ import annotations

import numpy as np

from tidebook.data.panel import Panel, SeriesKey


def shops(series: int, days: int, *, future: int = 0) -> Panel:
    """Weekly sales with promotions; the last `future` days are to come."""
    random = np.random.default_rng(0)
    total = days + future
    day = np.arange(total, dtype=np.float32)
    promo = (random.random((series, total), dtype=np.float32) < 0.3).astype(np.float32)
    level = random.lognormal(3, 1, series).astype(np.float32)[:, None]
    noise = random.standard_normal((series, total), dtype=np.float32)
    target = level * (1 + 0.3 * np.sin(2 * np.pi * day / 7) + 0.5 * promo + 0.1 * noise)
    target[:, days:] = 0
    mask = np.ones((series, total), dtype=np.bool_)
    mask[:, days:] = False
    return Panel(
        keys=tuple(SeriesKey(f"P{i:05}", "all") for i in range(series)),
        dates=np.datetime64("2018-01-01", "D") + np.arange(total),
        target=target,
        mask=mask,
        known=promo[:, :, None],
        known_names=("promo",),
        past=np.zeros((series, total, 0), dtype=np.float32),
        past_names=(),
        static=np.zeros((series, 0), dtype=np.float32),
        static_names=(),
        end=days,
    )
