"""The parts that routes work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from tidebook.catalog.credentials import Credentials
from tidebook.catalog.datasets import Datasets
from tidebook.catalog.predictions import Predictions
from tidebook.catalog.sync import Sync
from tidebook.core.settings import Settings
from tidebook.registry import ModelManager
from tidebook.server.workers import WorkerPool
from tidebook.tasks.manager import TaskManager


@dataclass(frozen=True)
class Services:
    """What one server holds while it runs."""

    settings: Settings
    credentials: Credentials  #: users, tokens, sessions
    tasks: TaskManager  #: the queue and its records
    workers: WorkerPool  #: warm processes that read data and forecast
    models: ModelManager  #: the registry, its lists answered by the catalog
    predictions: Predictions  #: derived rows of the forecasts
    datasets: Datasets  #: derived rows of the datasets
    sync: Sync  #: brings the derived rows in line with the files


def services_of(connection: HTTPConnection) -> Services:
    """The services of the application that a request or WebSocket came to."""
    services: Services = connection.app.state.services
    return services


Parts = Annotated[Services, Depends(services_of)]
