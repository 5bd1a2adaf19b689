"""A warm process that answers requests: one JSON object per line in, one per line out."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from tidebook.core.errors import TaskFailure, TidebookError
from tidebook.core.settings import Settings
from tidebook.data.locate import locate
from tidebook.data.mapping import ColumnMapping
from tidebook.forecasting.predict import predict
from tidebook.forecasting.warm import Warm
from tidebook.jobs.check import check
from tidebook.records.belonging import belonging
from tidebook.specs import ForecastSpec, TrainSpec
from tidebook.specs.faults import readable

Method = Callable[[Settings, Warm, dict[str, Any]], Any]


def _forecast(settings: Settings, warm: Warm, params: dict[str, Any]) -> Any:
    request = {name: value for name, value in params.items() if name != "owner"}
    return predict(ForecastSpec.model_validate(request), settings, warm=warm, owner=params.get("owner"))


def _check(settings: Settings, warm: Warm, params: dict[str, Any]) -> Any:
    return check(TrainSpec.model_validate(params), settings)


def _chart(settings: Settings, warm: Warm, params: dict[str, Any]) -> Any:
    from tidebook.forecasting.chart import draw

    return {"path": str(draw(settings, params["id"]))}


def _preview(settings: Settings, warm: Warm, params: dict[str, Any]) -> Any:
    from tidebook.data.preview import preview

    return preview(locate(params["dataset"], None, settings), int(params.get("limit", 50)))


def _head(settings: Settings, warm: Warm, params: dict[str, Any]) -> Any:
    from tidebook.data.head import head

    return head(Path(params["path"]), int(params["limit"]))


def _values(settings: Settings, warm: Warm, params: dict[str, Any]) -> Any:
    from tidebook.data.preview import values

    located = locate(params["dataset"], None, settings)
    return values(located, params.get("product_id"), params.get("store_id"))


def _register(settings: Settings, warm: Warm, params: dict[str, Any]) -> Any:
    from tidebook.data.register import register

    mapping = params.get("mapping")
    record = register(
        params["path"],
        name=params["name"],
        mapping=ColumnMapping.model_validate(mapping) if mapping else ColumnMapping(),
        settings=settings,
        uploaded=bool(params.get("uploaded")),
        dataset_id=params.get("id"),
        whose=belonging(params),
    )
    return record.to_json()


METHODS: dict[str, Method] = {
    "forecast": _forecast,
    "check": _check,
    "chart": _chart,
    "preview": _preview,
    "head": _head,
    "values": _values,
    "register": _register,
}


def answer(settings: Settings, warm: Warm, request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request: its id with a result, or with a problem document."""
    try:
        method = METHODS[request["method"]]
        return {"id": request["id"], "result": method(settings, warm, request.get("params", {}))}
    except ValidationError as error:
        problem = readable(error).problem()
    except TidebookError as error:
        problem = error.problem()
    except Exception as error:  # noqa: BLE001 - one bad request must not end the worker
        traceback.print_exc()
        problem = TaskFailure(
            "The request must be answered", got=f"{type(error).__name__}: {error}", fix="The server's log holds more."
        ).problem()
    return {"id": request["id"], "problem": problem}


def serve() -> int:
    """Answers requests until standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints must not mix with the answers
    settings, warm = Settings(), Warm()
    answers.write(b'{"ready":true}\n')
    for line in sys.stdin.buffer:
        reply = answer(settings, warm, orjson.loads(line))
        answers.write(orjson.dumps(reply, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
    return 0
