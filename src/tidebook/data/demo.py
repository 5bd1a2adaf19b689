"""Demo data: daily sales of drugs in stores, as they might have been."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from tidebook.core.arrays import F32, Days, Flags
from tidebook.core.files import replacing
from tidebook.data.calendar import features

LAST = np.datetime64("2024-12-31", "D")
DRUGS = (
    *(
        "感冒灵颗粒 Cold Relief",
        "布洛芬缓释胶囊 Ibuprofen",
        "维生素C片 Vitamin C",
        "板蓝根颗粒 Isatis Root",
        "阿莫西林胶囊 Amoxicillin",
    ),
    *("藿香正气水 Huoxiang", "创可贴 Plasters", "氯雷他定片 Loratadine", "蒙脱石散 Smectite", "复方甘草片 Licorice"),
)
INTERMITTENT = 6  #: every so many products sells only now and then


def generate(path: Path, *, stores: int = 10, products: int = 50, days: int = 1096, seed: int = 0) -> Path:
    """Writes `days` days of sales of `products` drugs in `stores` stores, ending on 2024-12-31, as Parquet.

    Demand has a trend, weekly and yearly seasons, promotions, a price, Chinese holidays with a moving New Year, and
    noise; shelves run empty, some drugs sell only now and then, and there are a few faults as real tables have them.
    The same seed gives the same table.
    """
    random = np.random.default_rng(seed)
    dates = LAST - days + 1 + np.arange(days)
    calendar = _calendar(dates)
    plan = random.random((products, -(-days // 7))) < 0.14
    tables = [
        _product(random, p, dates, calendar, plan[p], random.lognormal(0, 0.35, stores), stores)
        for p in range(products)
    ]
    table = _with_faults(pl.concat(tables).sort("store_id", "product_id", "date"), random)
    with replacing(path) as temporary:
        table.write_parquet(temporary)
    return path


def _calendar(dates: Days) -> dict[str, F32]:
    columns, names = features(dates, "CN")
    week = np.array([0.96, 0.93, 0.95, 1.0, 1.08, 1.18, 1.1])
    weekday = columns[:, :7].argmax(axis=1)
    time = np.arange(len(dates))
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
    return {
        "week": week[weekday].astype(np.float32),
        "year": (2 * np.pi * (day_of_year - 15) / 365.25).astype(np.float32),
        "holiday": columns[:, names.index("holiday")],
        "workday": columns[:, names.index("workday")],
        "time": (time / 365.25).astype(np.float32),
        "new_year": _before_new_year(dates),
    }


def _before_new_year(dates: Days) -> F32:
    """Rises to 1 in the two weeks before Chinese New Year, when people stock up; −0.6 in the holiday week itself."""
    new_years = np.array(
        ["2020-01-25", "2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29"], dtype="datetime64[D]"
    )
    distance = (new_years[None] - dates[:, None]).astype(np.int64)
    rise = np.where((distance > 0) & (distance <= 14), 1 - distance / 15, 0).max(axis=1)
    rest = ((distance <= 0) & (distance > -5)).any(axis=1)
    return np.where(rest, -0.6, rise).astype(np.float32)


def _product(
    random: np.random.Generator,
    p: int,
    dates: Days,
    calendar: dict[str, F32],
    weeks: Flags,
    sizes: npt.NDArray[np.float64],
    stores: int,
) -> pl.DataFrame:
    days = len(dates)
    intermittent = p % INTERMITTENT == INTERMITTENT - 1
    level = 45.0 if p == 0 else 1.2 if intermittent else float(random.lognormal(2.6, 0.7))
    phase = (0.0, np.pi, np.pi / 2)[p % 3]
    yearly = 1 + (0.28 if p == 0 else random.uniform(0.05, 0.4)) * np.cos(calendar["year"] - phase)
    trend = 1 + (0.06 if p == 0 else random.uniform(-0.08, 0.12)) * calendar["time"]
    base_price = round(float(random.lognormal(3.0, 0.5)), 1)
    promo = np.repeat(weeks, 7)[:days]
    price = np.round(base_price * (1 + 0.02 * np.floor(calendar["time"])) * np.where(promo, 0.85, 1.0), 2)
    elasticity = (base_price / price) ** random.uniform(1.2, 2.2)
    uplift = np.where(promo, random.uniform(1.15, 1.5), 1.0)
    holiday = np.where(calendar["holiday"] > 0, random.uniform(0.75, 0.95), 1.0) * (1 + 0.35 * calendar["new_year"])
    mean = level * calendar["week"] * yearly * trend * elasticity * uplift * holiday
    demand = mean[None] * sizes[:, None]
    drift = np.exp(np.cumsum(random.normal(0, 0.006, (stores, days)), axis=1) * 0.5)
    noise = random.gamma(60.0 if p == 0 else 18.0, 1.0, (stores, days)) / (60.0 if p == 0 else 18.0)
    sales = random.poisson(demand * drift * noise)
    if intermittent:
        sales = sales * (random.random((stores, days)) < 0.25)
    stock_out = _stock_outs(random, stores, days, rare=p == 0)
    sales = np.where(stock_out, 0, sales)
    drug = DRUGS[p % len(DRUGS)] + (f" {p // len(DRUGS) + 1}" if p >= len(DRUGS) else "")
    return pl.DataFrame(
        {
            "date": np.tile(dates, stores),
            "store_id": np.repeat([f"S{s + 1:03}" for s in range(stores)], days),
            "product_id": [f"P{p + 1:03}"] * (stores * days),
            "product_name": [drug] * (stores * days),
            "sales": sales.reshape(-1).astype(np.int64),
            "price": np.tile(price, stores),
            "promo": np.tile(promo, stores).astype(np.int8),
            "stock_out": stock_out.reshape(-1).astype(np.int8),
        }
    )


def _stock_outs(random: np.random.Generator, stores: int, days: int, *, rare: bool) -> Flags:
    """Two to six empty days in a row, now and then."""
    starts = random.random((stores, days)) < (0.0003 if rare else 0.0015)
    lengths = random.integers(2, 7, (stores, days))
    out = np.zeros((stores, days), dtype=np.bool_)
    for store, day in zip(*np.nonzero(starts), strict=True):
        out[store, day : day + lengths[store, day]] = True
    return out


def _with_faults(table: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Twelve rows twice, a fortnight lost in one series, a few prices missing, one return booked as a sale."""
    rows = len(table)
    doubled = table[sorted(random.choice(rows, min(12, rows), replace=False).tolist())]
    last_store, last_product = table["store_id"].max(), table["product_id"].max()
    series = (pl.col("store_id") == last_store) & (pl.col("product_id") == last_product)
    middle = table["date"].min() + (table["date"].max() - table["date"].min()) / 2  # type: ignore[operator]
    lost = series & pl.col("date").is_between(middle, pl.lit(middle).dt.offset_by("13d"))
    nulls = pl.Series(np.isin(np.arange(rows), random.choice(rows, min(20, rows), replace=False)))
    returned = int(random.integers(rows // 2, rows))
    table = table.with_columns(
        price=pl.when(nulls).then(None).otherwise(pl.col("price")),
        sales=pl.when(pl.int_range(pl.len()) == returned).then(-3).otherwise(pl.col("sales")),
    )
    return pl.concat([table.filter(~lost), doubled]).sort("store_id", "product_id", "date")
