"""The table of the demo data: demand, what was sold of it, and a few faults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from tidebook.core.arrays import Flags
from tidebook.core.files import replacing
from tidebook.data.demo.days import F64, Calendar
from tidebook.data.demo.drugs import DRUGS, Drug

LAST = np.datetime64("2024-12-31", "D")
NOW_AND_THEN = 2.0  #: mean daily sales below which a drug is asked for on few days only


def generate(path: Path, *, stores: int = 10, products: int = 50, days: int = 1096, seed: int = 0) -> Path:
    """Writes `days` days of sales of `products` drugs in `stores` stores, ending on 2024-12-31, as Parquet.

    Demand has a trend, a week, a season that suits the drug, promotions, a price with an elasticity, public holidays
    with a Chinese New Year that moves, and noise; shelves run empty, some drugs are asked for only now and then,
    and there are a few faults as real tables have them. The first product is a good and regular seller everywhere.
    The same arguments give the same table.
    """
    random = np.random.default_rng(seed)
    calendar = Calendar.of(LAST - days + 1 + np.arange(days))
    sizes = random.lognormal(0, 0.35, stores)
    tables = [_product(random, number, _drug(number), calendar, sizes) for number in range(products)]
    table = pl.concat(tables).sort("store_id", "product_id", "date")
    with replacing(path) as temporary:
        _with_faults(table, random).write_parquet(temporary)
    return path


def _drug(number: int) -> Drug:
    drug = DRUGS[number % len(DRUGS)]
    again = number // len(DRUGS)
    return Drug(f"{drug.name} {again + 1}", drug.season, drug.price, drug.level) if again else drug


def _product(random: np.random.Generator, number: int, drug: Drug, calendar: Calendar, sizes: F64) -> pl.DataFrame:
    shape = stores, days = len(sizes), len(calendar.dates)
    regular = number == 0
    rare = drug.level < NOW_AND_THEN
    promo = calendar.promotions(random, 0.04 if rare else 0.22)
    regular_price = drug.price * 1.03 ** np.floor(calendar.years)
    price = np.round(regular_price * np.where(promo, 0.88, 1.0), 1)
    trend = 1 + (0.05 if regular else random.uniform(-0.08, 0.12)) * calendar.years
    bargain = (regular_price / price) ** random.uniform(1.2, 2.0) * np.where(promo, random.uniform(1.15, 1.35), 1.0)
    mean = drug.level * calendar.weekly * calendar.season(drug.season) * calendar.festive * trend * bargain
    taste = 1.0 if regular else random.lognormal(0, 0.25, stores)
    drift = np.exp(np.cumsum(random.normal(0, 0.004, shape), axis=1))
    steadiness = 80.0 if regular else 20.0
    noise = random.gamma(steadiness, 1 / steadiness, shape)
    wanted = random.poisson(mean * (sizes * taste)[:, None] * drift * noise)
    out = _empty_shelves(random, stores, days, 0.0002 if regular else 0.0012)
    return pl.DataFrame(
        {
            "date": np.tile(calendar.dates, stores),
            "store_id": np.repeat([f"S{store + 1:03}" for store in range(stores)], days),
            "product_id": [f"P{number + 1:03}"] * (stores * days),
            "product_name": [drug.name] * (stores * days),
            "sales": np.where(out, 0, wanted).reshape(-1).astype(np.int64),
            "price": np.tile(price, stores),
            "promo": np.tile(promo, stores).astype(np.int8),
            "stock_out": out.reshape(-1).astype(np.int8),
        }
    )


def _empty_shelves(random: np.random.Generator, stores: int, days: int, share: float) -> Flags:
    """[stores, days]: two to six days in a row, now and then."""
    starts = random.random((stores, days)) < share
    lengths = random.integers(2, 7, (stores, days))
    out = np.zeros((stores, days), dtype=np.bool_)
    for store, day in zip(*np.nonzero(starts), strict=True):
        out[store, day : day + lengths[store, day]] = True
    return out


def _with_faults(table: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Twelve rows twice, a fortnight lost in the last series, a few prices missing, one return booked as a sale."""
    rows = len(table)
    series = (pl.col("store_id") == table["store_id"].max()) & (pl.col("product_id") == table["product_id"].max())
    dates = table.select("date").unique().sort("date")["date"]
    half = len(dates) // 2
    lost = series & pl.col("date").is_between(dates[half], dates[half + 13]) if len(dates) >= 60 else pl.lit(False)
    unpriced = np.zeros(rows, dtype=np.bool_)
    unpriced[random.choice(rows, min(20, rows), replace=False)] = True
    others = np.nonzero((table["product_id"] != "P001").to_numpy())[0]
    returned = int(random.choice(others if len(others) else rows))
    faulty = table.with_columns(
        price=pl.when(pl.Series(unpriced)).then(None).otherwise(pl.col("price")),
        sales=pl.when(pl.int_range(pl.len()) == returned).then(-3).otherwise(pl.col("sales")),
    ).filter(~lost)
    doubled = faulty[sorted(random.choice(len(faulty), min(12, len(faulty)), replace=False).tolist())]
    return pl.concat([faulty, doubled]).sort("store_id", "product_id", "date", maintain_order=True)
