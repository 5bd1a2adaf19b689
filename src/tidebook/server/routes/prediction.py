"""Forecasts, made while the request waits."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Response
from starlette.responses import FileResponse

from tidebook.core.errors import TaskFailure
from tidebook.forecasting.table import to_csv
from tidebook.retention.forecasts import delete_forecast
from tidebook.server.access import Models, Seen, forecast_of, forecast_owner
from tidebook.server.checks import check_forecast
from tidebook.server.replies import After, Limit, OfProject, errors, reply
from tidebook.server.schemas.prediction import Prediction, PredictionPage
from tidebook.server.services import Parts
from tidebook.specs import ForecastSpec

router = APIRouter(prefix="/api/prediction", tags=["prediction"])

FORECAST_TIMEOUT = 300.0  #: seconds; a cold worker imports torch and reads the data first


@router.post(
    "", response_model=Prediction, status_code=201, summary="Forecast now", responses=errors(403, 404, 409, 422, 500)
)
async def create_prediction(body: ForecastSpec, access: Seen, models: Models, parts: Parts) -> Response:
    """Forecasts with a published version, saves the result, and answers with all of it.

    The model is named by `model`, or by mode, product_id or store_id, model_type and aggregation_method.
    """
    spec, whose = await asyncio.to_thread(check_forecast, body, parts, access, models)
    params = {**spec.model_dump(mode="json"), "project": whose.project, "owner": whose.owner}
    result = await parts.workers.call("forecast", params, timeout=FORECAST_TIMEOUT)
    await asyncio.to_thread(parts.predictions.add, result)
    return reply(result, 201)


@router.get("", response_model=PredictionPage, summary="The history of forecasts", responses=errors(422))
def list_predictions(
    access: Seen, parts: Parts, project: OfProject = None, limit: Limit = 50, after: After = None
) -> Response:
    """Saved forecasts that the user sees, newest first."""
    items, following = parts.predictions.page(limit, after, access, project)
    return reply({"items": items, "next": following})


@router.get("/{prediction_id}", response_model=Prediction, summary="A forecast", responses=errors(404, 422))
def get_prediction(prediction_id: str, access: Seen, parts: Parts) -> Response:
    """The whole saved result; one in the archive is brought back first, and `restored` says so."""
    return reply(forecast_of(parts, access, prediction_id))


@router.delete("/{prediction_id}", status_code=204, summary="Delete a forecast", responses=errors(403, 404, 422))
def delete_prediction(prediction_id: str, access: Seen, parts: Parts) -> Response:
    """Removes the saved result and its entry in the history.

    Its owner, members of its project and administrators may.
    """
    whose = forecast_owner(parts, access, prediction_id)
    access.check_change(whose.project, whose.owner)
    delete_forecast(parts.settings, prediction_id)
    parts.predictions.remove(prediction_id)
    parts.archived.sync()
    return Response(status_code=204)


@router.get(
    "/{prediction_id}/chart.png",
    summary="The chart as a picture",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}, **errors(404, 422, 500)},
)
async def get_prediction_chart(prediction_id: str, access: Seen, parts: Parts) -> Response:
    """History and prediction in one PNG."""
    await asyncio.to_thread(forecast_of, parts, access, prediction_id)
    drawn: dict[str, Any] = await parts.workers.call("chart", {"id": prediction_id}, timeout=120)
    path = parts.settings.home.absolute() / drawn["path"]
    if not path.is_file():
        raise TaskFailure("The chart must have been drawn", got="no file", fix="Try again.")
    return FileResponse(path, media_type="image/png")


@router.get(
    "/{prediction_id}/table.csv",
    summary="The values as a table",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **errors(404, 422)},
)
def get_prediction_table(prediction_id: str, access: Seen, parts: Parts) -> Response:
    """CSV in UTF-8 that Excel opens: one line for each series and day, with history or prediction."""
    result = forecast_of(parts, access, prediction_id)
    return Response(
        to_csv(result).encode("utf-8-sig"),  # Excel needs the mark to read UTF-8
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{prediction_id}.csv"'},
    )
