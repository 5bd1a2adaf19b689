"""Small tables that the acceptance tests train on."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl


def small_table(days: int = 200, stores: int = 2, products: int = 2) -> pl.DataFrame:
    """Weekly demand with promotions; ends on 2024-07-18 for 200 days."""
    random = np.random.default_rng(1)
    first = date(2024, 1, 1)
    dates = pl.date_range(first, first + (date(2024, 1, 1) - date(2023, 12, 31)) * (days - 1), eager=True)
    week = np.array([1.0, 0.9, 1.0, 1.1, 1.4, 1.6, 0.5])
    frames = []
    for store in range(1, stores + 1):
        for product in range(1, products + 1):
            promo = (random.random(days) < 0.2).astype(np.int64)
            level = 20 * store + 10 * product
            sales = level * week[np.arange(days) % 7] * (1 + 0.5 * promo) * random.normal(1, 0.05, days)
            frames.append(
                pl.DataFrame(
                    {
                        "store_id": f"S{store}",
                        "product_id": f"P{product}",
                        "date": dates,
                        "sales": sales.round(2),
                        "promo": promo,
                        "note": "fine",
                    }
                )
            )
    return pl.concat(frames)
