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
from functools import partial

from starlette.concurrency import run_in_threadpool

from tidebook.catalog.archived import Archived
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
from tidebook.health.space import Space
from tidebook.registry import ModelManager
from tidebook.retention.keeper import Keeper
from tidebook.retention.schedule import LOOK as CLEANUP_LOOK
from tidebook.retention.schedule import clean_when_due
from tidebook.server.lending import Lending
from tidebook.server.receiving.receiver import Receiver
from tidebook.server.services import Services
from tidebook.server.storing.arrivals import Arrivals
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
    settings = settings.model_copy(update={"store_alone": True})  # Others publish through this server.
    database = await run_in_threadpool(prepared, settings)
    try:
        versions, queue = Versions(database), Queue(database, settings)
        predictions, datasets = Predictions(database, settings), Datasets(database, settings)
        runs, curves = Runs(database), Curves(settings)
        sync = Sync(settings, versions, predictions, datasets, RunSync(settings, runs, curves.prepare))
        users = Users(database)
        lending = Lending(settings, users)
        dispatcher = Dispatcher(
            queue,
            LocalExecutor(settings.tasks),
            settings,
            command=commands.train,
            published=lambda version: sync.refresh_versions([version]),
            lend=lending.to_task,
        )
        environment = {**job_environment(settings, WORKERS), **lending.to_workers()}
        workers = WorkerPool(commands.worker, environment, settings.cache / "workers.log", WORKERS)
        await run_in_threadpool(sync.everything)
        await run_in_threadpool(dispatcher.start)
        archived, space = Archived(database, settings), Space(settings, versions.sizes)
        keeper = Keeper(database, settings, space.of_run)
        looking = asyncio.create_task(_look(sync))
        keeping = asyncio.create_task(_keep(keeper, archived, settings))
        try:
            models = ModelManager(settings, index=versions)
            yield Services(
                settings=settings,
                users=users,
                credentials=Credentials(database),
                lending=lending,
                projects=Projects(database),
                tasks=TaskManager(queue, settings, dispatcher.wake),
                workers=workers,
                models=models,
                versions=versions,
                predictions=predictions,
                datasets=datasets,
                receiver=Receiver(settings),
                runs=runs,
                curves=curves,
                views=Views(database),
                keeper=keeper,
                archived=archived,
                space=space,
                arrivals=Arrivals(models.store, settings.max_upload_bytes),
                sync=sync,
            )
        finally:
            for task in (looking, keeping):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
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


async def _keep(keeper: Keeper, archived: Archived, settings: Settings) -> None:
    """Keeps the list of the archive in line, and cleans up when it is time."""
    while True:
        keeper.forget(stale=True)
        for work in (archived.look, partial(clean_when_due, keeper, settings)):
            try:
                await run_in_threadpool(work)
            except Exception:
                logger.exception("keeping the home in bounds goes on after an error")
        await asyncio.sleep(CLEANUP_LOOK)


def prepared(settings: Settings) -> Database:
    """The migrated database, with its administrator. Conflict or StorageFailure where it cannot be used."""
    shutil.rmtree(settings.cache / "uploads", ignore_errors=True)  # what a killed server was being sent
    database = open_database(settings)
    migrate(database)
    Users(database).create_administrator()
    return database
