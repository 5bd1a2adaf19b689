"""Makes every derived row again from the files."""

from __future__ import annotations

import math
import shutil
import time
from dataclasses import dataclass

from sqlalchemy import func, select, update

from tidebook.catalog.database import Database
from tidebook.catalog.datasets import Datasets
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.runs import Runs
from tidebook.catalog.sync import Sync
from tidebook.catalog.tables import datasets, prediction_history, runs
from tidebook.catalog.version_tables import model_versions
from tidebook.catalog.versions import Versions
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager
from tidebook.registry.adopt import adopt_all


@dataclass(frozen=True)
class Reindexed:
    """How many rows there are now, and how long it took."""

    runs: int
    versions: int
    forecasts: int
    datasets: int
    adopted: int  #: of the versions, those that another program wrote and that were taken in now
    passed_over: list[str]  #: folders of such versions that were not, and why
    seconds: float


def reindex(database: Database, settings: Settings) -> Reindexed:
    """Makes the derived rows of the home again, and drops the cache of curves. A server may go on.

    Rows of versions, forecasts and datasets are replaced where they are, and are never gone meanwhile: who reads them
    may be about to delete what nothing refers to.
    """
    began = time.monotonic()
    models = ModelManager(settings)
    adopted = adopt_all(models.store)
    models.rebuild_versions()
    Versions(database).distrust()
    with database.write() as connection:
        connection.execute(update(datasets).values(stamp=-1))
    Predictions(database, settings).sync(again=True)
    shutil.rmtree(settings.cache / "curves", ignore_errors=True)
    Runs(database).clear()
    renewed(database, settings)
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
    return Reindexed(
        **counts,
        adopted=len(adopted.addresses),
        passed_over=[f"{prefix}: {error}" for prefix, error in adopted.failed],
        seconds=time.monotonic() - began,
    )


def renewed(database: Database, settings: Settings) -> Sync:
    """Brings the rows in line with the files, where no server does; returns what keeps them so."""
    sync = Sync(
        settings,
        Versions(database),
        Predictions(database, settings),
        Datasets(database, settings),
        RunSync(settings, Runs(database)),
    )
    sync.everything()
    sync.runs.look(math.inf)
    return sync
