"""The parts that routes work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from tidebook.catalog.archived import Archived
from tidebook.catalog.credentials import Credentials
from tidebook.catalog.curves import Curves
from tidebook.catalog.datasets import Datasets
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.projects import Projects
from tidebook.catalog.runs import Runs
from tidebook.catalog.sync import Sync
from tidebook.catalog.users import Users
from tidebook.catalog.versions import Versions
from tidebook.catalog.views import Views
from tidebook.core.settings import Settings
from tidebook.health.space import Space
from tidebook.registry import ModelManager
from tidebook.retention.keeper import Keeper
from tidebook.server.lending import Lending
from tidebook.server.receiving.receiver import Receiver
from tidebook.server.storing.arrivals import Arrivals
from tidebook.server.workers import WorkerPool
from tidebook.tasks.manager import TaskManager


@dataclass(frozen=True)
class Services:
    """What one server holds while it runs."""

    settings: Settings
    users: Users  #: who may come in
    credentials: Credentials  #: logins, tokens, sessions
    lending: Lending  #: keys of this server's own processes to the store
    projects: Projects  #: what belongs together, and who sees it
    tasks: TaskManager  #: the queue and its records
    workers: WorkerPool  #: warm processes that read data and forecast
    models: ModelManager  #: the registry, its lists answered by the catalog
    versions: Versions  #: derived rows of the versions
    predictions: Predictions  #: derived rows of the forecasts
    datasets: Datasets  #: derived rows of the datasets
    receiver: Receiver  #: takes in runs that are written elsewhere
    runs: Runs  #: derived rows of the runs
    curves: Curves  #: what the runs logged, as columns
    views: Views  #: lists as users like to see them
    arrivals: Arrivals  #: files that come into the store from elsewhere
    keeper: Keeper  #: what is kept, and the cleanup
    archived: Archived  #: derived rows of what is in the archive
    space: Space  #: what takes the space
    sync: Sync  #: brings the derived rows in line with the files


def services_of(connection: HTTPConnection) -> Services:
    """The services of the application that a request or WebSocket came to."""
    services: Services = connection.app.state.services
    return services


Parts = Annotated[Services, Depends(services_of)]
