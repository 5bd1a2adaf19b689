"""Makes every derived row again from the files."""

from __future__ import annotations

import math
import shutil
import time
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from tidebook.catalog.database import Database
from tidebook.catalog.datasets import Datasets
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.runs import Runs
from tidebook.catalog.sync import Sync
from tidebook.catalog.tables import datasets, model_versions, prediction_history, runs
from tidebook.catalog.versions import Versions
from tidebook.core.settings import Settings


@dataclass(frozen=True)
class Reindexed:
    """How many rows there are now, and how long it took."""

    runs: int
    versions: int
    forecasts: int
    datasets: int
    seconds: float


def reindex(database: Database, settings: Settings) -> Reindexed:
    """Drops the derived rows of the home and the cache of curves, and makes the rows again. A server may go on."""
    began = time.monotonic()
    with database.write() as connection:
        for table in (model_versions, prediction_history, datasets):
            connection.execute(delete(table))
    shutil.rmtree(settings.cache / "curves", ignore_errors=True)
    rows = Runs(database)
    rows.clear()
    sync = Sync(
        settings,
        Versions(database),
        Predictions(database, settings),
        Datasets(database, settings),
        RunSync(settings, rows),
    )
    sync.everything()
    sync.runs.look(math.inf)
    with database.read() as connection:
        counts = {
            name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in (
                ("runs", runs),
                ("versions", model_versions),
                ("forecasts", prediction_history),
                ("datasets", datasets),
            )
        }
    return Reindexed(seconds=time.monotonic() - began, **counts)
