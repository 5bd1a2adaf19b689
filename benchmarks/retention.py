"""What a cleanup would do in a home of 100,000 versions: the plan alone, and with the facts from the database."""

from __future__ import annotations

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks.measure import Figure
from tidebook.catalog.database import Database, open_database
from tidebook.catalog.migrate import migrate
from tidebook.catalog.tables import prediction_history
from tidebook.catalog.versions import Versions
from tidebook.core.ids import new_id
from tidebook.core.settings import Settings
from tidebook.retention.gather import gather
from tidebook.retention.keeper import Keeper
from tidebook.retention.plan import plan

VERSIONS = 100_000
FORECASTS = 10_000
OF_A_LINE = 20
REPEATS = 5
TARGET = 2.0  #: seconds


def measure(versions: int = VERSIONS, forecasts: int = FORECASTS) -> list[Figure]:
    """The median seconds of a plan."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder))
        database = open_database(settings)
        migrate(database)
        fill(database, versions, forecasts)
        keeper = Keeper(database, settings)
        facts = gather(database, settings, lambda name: None)
        now = round(time.time() * 1000)
        alone = seconds(lambda: plan({}, facts, now))
        whole = seconds(keeper.plan)
        made = keeper.plan()
        paged = seconds(lambda: [item.to_json() for item in made.items[:200]] and made.digest)
        database.close()
    count = f"{versions:,} versions, {len(made.going):,} of them and of {forecasts:,} forecasts go"
    return [
        Figure(f"plan of a cleanup: {count}", whole, "s", TARGET, "the plan alone, without the database", alone),
        Figure("a page of that plan", paged, "s", None, "", None),
    ]


def seconds(work: Callable[[], object]) -> float:
    """The median wall time."""
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def fill(database: Database, versions: int, forecasts: int) -> None:
    """Rows of versions, one in a hundred with an alias or a pin, and of forecasts of some of them."""
    rng = random.Random(1)
    items = list(_items(versions, rng))
    rows = Versions(database)
    for start in range(0, len(items), 5000):
        rows.replace([], items[start : start + 5000])
    now = round(time.time() * 1000)
    made = []
    for _ in range(forecasts):
        name, model = new_id("PRED"), rng.choice(items)["address"]
        created = now - rng.randrange(60 * 86_400_000)
        shown = {"id": name, "model": model, "created_at": "", "total": 1.0}
        made.append(
            {
                "id": name,
                "created": created,
                "model": model,
                "path": f"saved_predictions/{name}.json",
                "is_archived": False,
                "total": 1.0,
                "project": "default",
                "owner": None,
                "item": shown,
            }
        )
    with database.write() as connection:
        connection.execute(insert(prediction_history), made)


def _items(count: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    start = datetime.now(UTC) - timedelta(days=1000)
    for n in range(count):
        line, number = f"product/P{n // OF_A_LINE:06d}_all/lstm", n % OF_A_LINE + 1
        yield {
            "address": f"{line}/v{number}",
            "version": f"v{number}",
            "description": "lstm · product · product P001 in all stores",
            "timestamp": (start + timedelta(minutes=n)).isoformat(),
            "run_name": f"run_{n}",
            "product_ids": [f"P{n // OF_A_LINE:06d}"],
            "store_ids": [],
            "validation": {"wape": rng.random(), "end": "2026-01-01"},
            "metrics": {"wape": rng.random(), "mae": rng.random()},
            "hyperparameters": {"epochs": 20, "hidden_size": 64},
            "project": "default",
            "owner": None,
            "aliases": ["production"] if n % 200 == 0 else [],
            "tags": {},
            "notes": "",
            "pinned": n % 333 == 0,
            "archived": None,
            "problem": None,
            "size_bytes": 100_000,
        }
