"""What the user of a request may see and do, found once per request."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from tidebook.catalog.access import Access
from tidebook.core.ids import check_id
from tidebook.records import dataset as dataset_records
from tidebook.records import forecast as forecast_records
from tidebook.records.belonging import Belonging, belonging
from tidebook.records.dataset import DatasetRecord
from tidebook.registry import ModelManager
from tidebook.retention.forecasts import open_forecast
from tidebook.server.auth import user_of
from tidebook.server.services import Services, services_of


def access_of(connection: HTTPConnection) -> Access:
    """The access of the user whom the gate let in."""
    access: Access | None = connection.scope.get("tidebook.access")
    if access is None:
        access = services_of(connection).projects.access(user_of(connection))
        connection.scope["tidebook.access"] = access
    return access


Seen = Annotated[Access, Depends(access_of)]  #: in a route's signature: `access: Seen`


def models_of(connection: HTTPConnection) -> ModelManager:
    """The registry as the user sees it: other versions do not exist."""
    access, parts = access_of(connection), services_of(connection)
    if access.administrator:
        return parts.models
    return ModelManager(
        parts.settings,
        index=parts.versions.seen_by(access),
        sees=access.sees,
        referring=parts.predictions.referring,
    )


Models = Annotated[ModelManager, Depends(models_of)]


def dataset_of(parts: Services, access: Access, dataset_id: str) -> DatasetRecord:
    """The record of a dataset; NotFound where there is none that the user sees."""
    record = dataset_records.load(parts.settings, check_id(dataset_id, "DSET"))
    if not access.sees(record.project, record.owner):
        raise dataset_records.unregistered(dataset_id)
    return record


def forecast_of(parts: Services, access: Access, prediction_id: str) -> dict[str, Any]:
    """A saved forecast; NotFound where there is none that the user sees.

    One in the archive is brought back first, and then says so: `restored` is true.
    """
    whose = forecast_owner(parts, access, prediction_id)
    result, restored = open_forecast(parts.settings, prediction_id)
    if restored:
        parts.predictions.refresh(prediction_id)
        parts.archived.sync()
    return {**result, **asdict(whose), **({"restored": True} if restored else {})}


def forecast_owner(parts: Services, access: Access, prediction_id: str) -> Belonging:
    """Whose a saved forecast is, wherever it is; NotFound where there is none that the user sees."""
    archived = forecast_records.archived(parts.settings, check_id(prediction_id, "PRED"))
    whose = belonging(archived["summary"] if archived else forecast_records.load(parts.settings, prediction_id))
    if not access.sees(whose.project, whose.owner):
        raise forecast_records.absent(prediction_id)
    return whose
