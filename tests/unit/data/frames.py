"""Small tables for the tests of the data layer."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl


def table(days: int = 30, stores: int = 2, products: int = 2, first: date = date(2024, 1, 1)) -> pl.DataFrame:
    """Sales that tell their place: 100 × store + 10 × product + day / 100."""
    return pl.DataFrame(
        [
            {
                "store_id": f"S{store}",
                "product_id": f"P{product}",
                "date": first + timedelta(days=day),
                "sales": 100.0 * store + 10 * product + day / 100,
                "promo": day % 2,
            }
            for store in range(1, stores + 1)
            for product in range(1, products + 1)
            for day in range(days)
        ]
    )
