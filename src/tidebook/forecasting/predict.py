"""From a request to a saved forecast."""

from __future__ import annotations

import itertools
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tidebook.core.arrays import Days
from tidebook.core.clock import timestamp
from tidebook.core.errors import DataFault, InvalidInput, NotFound, nearest
from tidebook.core.ids import new_id
from tidebook.core.scope import Scope
from tidebook.core.settings import Settings
from tidebook.data.finding import UNSEEN
from tidebook.data.locate import Located, locate
from tidebook.data.mapping import ColumnMapping
from tidebook.forecasting.analysis import analyse
from tidebook.forecasting.warm import Warm
from tidebook.intervals.levels import pairs
from tidebook.records import forecast as records
from tidebook.registry import ModelManager
from tidebook.specs import ForecastSpec

if TYPE_CHECKING:
    from tidebook.abc import Forecast
    from tidebook.data.panel import Panel
    from tidebook.forecasting.engine import Distribution

NEEDED = frozenset({"product_ids", "store_ids", "aggregation_method", "known_future", "dataset", "categories"})
YEAR = 364  #: days: the same weekday a year before


def predict(
    spec: ForecastSpec,
    settings: Settings,
    *,
    warm: Warm | None = None,
    source: Any = None,
    save: bool = True,
    owner: str | None = None,
) -> dict[str, Any]:
    """The forecast that `spec` asks for, as its JSON document; saved in saved_predictions/ unless told not to.

    `source` is a data frame to go on from in place of the dataset. NotFound where no version, series or dataset
    answers to the names; InvalidInput where the future of a covariate must be stated and is not.
    """
    from tidebook.data.extend import extend

    warm = warm or Warm(models=1, panels=1)
    manager = ModelManager(settings)
    address = manager.resolve(spec.line, spec.which)
    detail = manager.get(address)
    metadata = _forecastable(detail)
    scope = Scope(
        mode=address.mode,
        product_ids=tuple(metadata["product_ids"]),
        store_ids=tuple(metadata["store_ids"]),
        aggregation=metadata["aggregation_method"],
    )
    required = tuple(metadata["known_future"])
    panel, reference = _history(spec, settings, warm, metadata, scope, required, source)
    panel = panel.select(_chosen(panel, spec, scope))
    engine = warm.engine(address, manager, settings)
    extended = extend(panel, spec.horizon, spec.future, required)
    made = engine.distribution(extended, spec.horizon)
    total = made.series.point.sum(axis=0, dtype=np.float64)
    result = {
        "format_version": 1,
        "id": new_id("PRED"),
        "created_at": timestamp(),
        "model": {
            "address": str(address),
            **{name: metadata[name] for name in ("model_type", "training_mode", "scope", "aggregation_method")},
            "description": metadata["description"],
            "run_name": metadata["run_name"],
            "is_best": bool(detail.get("is_best")),
        },
        "dataset": reference,
        "horizon": spec.horizon,
        "history_end": str(panel.dates[panel.end - 1]),
        "origin": str(extended.dates[panel.end]),
        **_curves(panel, extended.dates, made, total, spec.history_days),
        "known_future": {"given": list(required), "made": ["calendar"]},
        "analysis": analyse(_total(panel), total, panel.dates[: panel.end]),
        "warnings": _warnings(extended, metadata),
        "project": spec.project or detail["project"],
        "owner": owner,
    }
    if save:
        records.save(settings, result)  # Whoever deletes versions sees from now on that this one is needed.
        try:
            manager.store.manifest(str(address))
        except NotFound:
            records.delete(settings, result["id"])
            raise
    return result


def _forecastable(detail: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a version; DataFault where another program wrote it and nothing can be forecast with it."""
    metadata: dict[str, Any] = detail["metadata"]
    missing = sorted(NEEDED - metadata.keys())
    if detail["problem"] or missing:
        raise DataFault(
            "A version must hold a model that Tidebook can load, and say what it was trained on",
            got=f"{detail['address']}: {detail['problem'] or 'nothing of ' + ', '.join(missing)}",
            fix="Train it again with Tidebook, or choose another version.",
        )
    return metadata


def _history(
    spec: ForecastSpec,
    settings: Settings,
    warm: Warm,
    metadata: dict[str, Any],
    scope: Scope,
    required: tuple[str, ...],
    source: Any,
) -> tuple[Panel, str | None]:
    from tidebook.data.load import load_panel

    trained_on = metadata["dataset"]
    mapping = ColumnMapping.model_validate(trained_on["mapping"])
    categories = {name: tuple(values) for name, values in metadata["categories"].items()}
    if source is not None:
        return load_panel(source, mapping, scope, known_future=required, categories=categories), None
    if spec.dataset is None and not (trained_on["id"] or trained_on["path"]):
        raise NotFound(
            "A forecast needs the history to go on from",
            got="a version that was trained on a data frame",
            fix="Name a dataset, or pass the frame as `data`.",
        )
    if spec.dataset is None:
        located = _trained_on(trained_on, mapping, settings)
    else:
        located = locate(spec.dataset, None, settings)
        if located.dataset_id is None:
            located = Located(located.path, mapping, None)
    return warm.panel(located, scope, required, categories), located.reference


def _trained_on(trained_on: dict[str, Any], mapping: ColumnMapping, settings: Settings) -> Located:
    if trained_on["id"]:
        try:
            return locate(trained_on["id"], None, settings)
        except NotFound:
            pass  # The registration was deleted; the file itself may still be there.
    return locate(trained_on["path"], mapping, settings)


def _chosen(panel: Panel, spec: ForecastSpec, scope: Scope) -> list[int]:
    """Positions of the series that the request is about: all, or those of one product or store.

    NotFound for an id that the model does not cover; InvalidInput for one where the series are aggregated.
    """
    chosen = list(range(len(panel.keys)))
    for kind, value in (("product", spec.product_id), ("store", spec.store_id)):
        if value is None:
            continue
        if scope.aggregation not in {None, "none"}:
            raise InvalidInput(
                f"A model of an aggregate forecasts the {scope.aggregation} alone",
                got=f"{kind}_id {value}",
                fix=f"Leave {kind}_id out, or use a model that keeps the series apart.",
            )
        ids = [scope.product_id if kind == "product" else scope.store_id] * len(panel.keys)
        if ids[0] is None:
            ids = [getattr(key, f"{kind}_id") for key in panel.keys]
        chosen = [i for i in chosen if ids[i] == value]
        if not chosen:
            known = sorted({str(own) for own in ids})
            raise NotFound(f"The {kind} must be one that the model covers", got=value, fix=nearest(value, known))
    return chosen


def _total(panel: Panel) -> npt.NDArray[np.float64]:
    """The sum of the history over all series; NaN on days that no series was observed."""
    total: npt.NDArray[np.float64] = panel.target[:, : panel.end].sum(axis=0, dtype=np.float64)
    total[~panel.mask[:, : panel.end].any(axis=0)] = np.nan
    return total


def _curves(
    panel: Panel, dates: Days, made: Distribution, summed: npt.NDArray[np.float64], history_days: int
) -> dict[str, Any]:
    first = max(0, panel.end - history_days)
    points = made.series.point
    past, future = _texts(dates[first : panel.end]), _texts(dates[panel.end : panel.end + points.shape[1]])
    series = [
        {
            "product_id": key.product_id,
            "store_id": key.store_id,
            "label": key.label,
            "history": {
                "dates": past,
                "values": _values(panel.target[i, first : panel.end], panel.mask[i, first : panel.end]),
            },
            "prediction": {"dates": future, "values": _values(points[i])},
            "intervals": _intervals(made.series, i),
        }
        for i, key in enumerate(panel.keys)
    ]
    if len(series) == 1:
        return {"series": series, "total": None}
    total = _total(panel)[first:]
    return {
        "series": series,
        "total": {
            "history": {"dates": past, "values": _values(total, ~np.isnan(total))},
            "prediction": {"dates": future, "values": _values(summed)},
            "intervals": _intervals(made.total, 0),
        },
    }


def _intervals(forecast: Forecast | None, row: int) -> list[dict[str, Any]]:
    """Of each level, narrowest first, the bounds by day."""
    if forecast is None:
        return []
    return [
        {
            "level": level,
            "lower": _values(forecast.values[row, :, low]),
            "upper": _values(forecast.values[row, :, high]),
        }
        for level, low, high in pairs(forecast.quantiles)
    ]


def _texts(dates: Days) -> list[str]:
    return [str(day) for day in dates]


def _values(values: Any, observed: Any = None) -> list[float | None]:
    seen = itertools.repeat(True) if observed is None else observed
    return [round(float(value), 4) if there else None for value, there in zip(values, seen, strict=False)]


def _warnings(panel: Panel, metadata: dict[str, Any]) -> list[Any]:
    """Sentences by language: a model that has grown old, and texts that it was not trained with."""
    found = [finding["sentence"] for finding in panel.findings if finding["code"] == UNSEEN]
    trained, last = date.fromisoformat(metadata["dataset"]["last_date"]), panel.dates[panel.end - 1].item()
    if (last - trained).days <= YEAR // 2:
        return found
    from tidebook.core.locales import sentence

    return [sentence("tidebook.forecasting", "stale", trained=str(trained), last=str(last)), *found]
