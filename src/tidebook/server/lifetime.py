"""What runs while a server runs: database, dispatcher, workers, and the look at what changed on disk."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from tidebook.catalog.credentials import Credentials
from tidebook.catalog.curves import Curves
from tidebook.catalog.database import Database, open_database
from tidebook.catalog.datasets import Datasets
from tidebook.catalog.migrate import migrate
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.projects import Projects
from tidebook.catalog.run_sync import RunSync
from tidebook.catalog.runs import Runs
from tidebook.catalog.sync import Sync
from tidebook.catalog.users import Users
from tidebook.catalog.versions import Versions
from tidebook.catalog.views import Views
from tidebook.core.environment import job_environment
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager
from tidebook.server.receiving.receiver import Receiver
from tidebook.server.services import Services
from tidebook.server.workers import WorkerPool
from tidebook.tasks.dispatcher import TRAIN, Dispatcher
from tidebook.tasks.executors.local import LocalExecutor
from tidebook.tasks.manager import TaskManager
from tidebook.tasks.queue import Queue

logger = logging.getLogger(__name__)

LOOK = 1.0  #: seconds between looks at what others changed on disk
WORKERS = 2  #: warm workers at most


@dataclass(frozen=True)
class Commands:
    """What the server starts as processes."""

    train: tuple[str, ...] = TRAIN  #: followed by the task's folder
    worker: tuple[str, ...] = (sys.executable, "-m", "tidebook.jobs", "worker")


@asynccontextmanager
async def running(settings: Settings, commands: Commands) -> AsyncIterator[Services]:
    """The services of a home, from the migration of its database to the end of its workers."""
    database = await run_in_threadpool(prepared, settings)
    try:
        versions, queue = Versions(database), Queue(database, settings)
        predictions, datasets = Predictions(database, settings), Datasets(database, settings)
        runs, curves = Runs(database), Curves(settings)
        sync = Sync(settings, versions, predictions, datasets, RunSync(settings, runs, curves.prepare))
        dispatcher = Dispatcher(
            queue,
            LocalExecutor(settings.tasks),
            settings,
            command=commands.train,
            published=lambda version: sync.versions(),
        )
        workers = WorkerPool(
            commands.worker, job_environment(settings, WORKERS), settings.cache / "workers.log", WORKERS
        )
        await run_in_threadpool(sync.everything)
        await run_in_threadpool(dispatcher.start)
        looking = asyncio.create_task(_look(sync))
        try:
            yield Services(
                settings=settings,
                users=Users(database),
                credentials=Credentials(database),
                projects=Projects(database),
                tasks=TaskManager(queue, settings, dispatcher.wake),
                workers=workers,
                models=ModelManager(settings, index=versions),
                versions=versions,
                predictions=predictions,
                datasets=datasets,
                receiver=Receiver(settings),
                runs=runs,
                curves=curves,
                views=Views(database),
                sync=sync,
            )
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
            await run_in_threadpool(dispatcher.close)
            await workers.close()
    finally:
        database.close()


async def _look(sync: Sync) -> None:
    """Brings the lists in line whenever something in the home has changed, whoever did it."""
    while True:
        await asyncio.sleep(LOOK)
        try:
            await run_in_threadpool(sync.look)
        except Exception:
            logger.exception("the look at the home goes on after an error")


def prepared(settings: Settings) -> Database:
    """The migrated database, with its administrator. Conflict or StorageFailure where it cannot be used."""
    shutil.rmtree(settings.cache / "uploads", ignore_errors=True)  # what a killed server was being sent
    database = open_database(settings)
    migrate(database)
    Users(database).create_administrator()
    return database
