"""Tidebook in a notebook: load a panel, train, forecast, record a training of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tidebook.core.environment import wait_passively
from tidebook.core.scope import Aggregation, Mode, Scope
from tidebook.core.settings import Settings
from tidebook.data.mapping import ColumnMapping
from tidebook.runs.start import start_run
from tidebook.specs import ForecastSpec, TrainSpec
from tidebook.specs.faults import readable

__all__ = ["forecast", "load_panel", "start_run", "train"]

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    from tidebook.data.panel import Panel
    from tidebook.jobs.progress import Progress
    from tidebook.jobs.train import TrainResult

    Source = str | Path | pl.DataFrame | pl.LazyFrame | pd.DataFrame


def load_panel(
    data: Source,
    *,
    mapping: ColumnMapping | Mapping[str, Any] | None = None,
    training_mode: Mode = "global",
    product_ids: Iterable[str] = (),
    store_ids: Iterable[str] = (),
    aggregation_method: Aggregation | None = None,
    known_future: Iterable[str] | None = None,
    train_start_date: date | None = None,
    train_end_date: date | None = None,
    home: Path | str | None = None,
) -> Panel:
    """The panel of `data`: a dataset's id, a path, or a pandas or Polars frame.

    Without a mode all series as they are. Errors name the column, the rule, the value and a fix.
    """
    from tidebook.data.load import load_panel as load
    from tidebook.data.locate import locate

    aggregation = aggregation_method or ("none" if training_mode == "global" else None)
    scope = Scope(
        mode=training_mode, product_ids=tuple(product_ids), store_ids=tuple(store_ids), aggregation=aggregation
    )
    columns = _mapping(mapping)
    source: Any = data
    if isinstance(data, str | Path):
        located = locate(str(data), columns, _settings(home))
        source, columns = located.path, located.mapping
    return load(
        source,
        columns,
        scope,
        start=train_start_date,
        end=train_end_date,
        known_future=None if known_future is None else tuple(known_future),
    )


def train(
    data: Source,
    *,
    model_type: str = "lstm",
    hyperparameters: Mapping[str, Any] | None = None,
    home: Path | str | None = None,
    watch: Callable[[Progress], None] | None = None,
    mapping: ColumnMapping | Mapping[str, Any] | None = None,
    **request: Any,
) -> TrainResult:
    """Trains a model on `data` (a dataset's id, a path or a frame) and publishes it.

    `request` takes the fields of `TrainSpec`: training_mode, product_ids, store_ids, aggregation_method,
    known_future, train_start_date, train_end_date, validation_days, test_days, folds, stride, refit, intervals, seed,
    device, publish, project. `watch` sees the progress. The result says what the model gains over the naive forecast
    (`skill`) and how often its intervals held on days that it had not seen (`coverage`).
    """
    from tidebook.jobs.progress import nobody
    from tidebook.jobs.train import train as run

    wait_passively()
    named = isinstance(data, str | Path)
    try:
        spec = TrainSpec(
            dataset=str(data) if named else "frame",
            model_type=model_type,
            hyperparameters=dict(hyperparameters or {}),
            mapping=_mapping(mapping),
            **request,
        )
    except ValidationError as error:
        raise readable(error, tuple(TrainSpec.model_fields)) from error
    return run(spec, _settings(home), watch=watch or nobody, source=None if named else data)


def forecast(
    model: str | None = None,
    *,
    data: Source | None = None,
    future: Any = (),
    home: Path | str | None = None,
    save: bool = True,
    **request: Any,
) -> dict[str, Any]:
    """The forecast of a published version, as its JSON document; `intervals` of each series and of the total too.

    `model` is an address such as `product/P001_all/lstm`; or give mode, product_id, store_id, model_type and
    aggregation_method. `future` holds rows of known covariates: dictionaries or a data frame. `data` replaces the
    dataset that the version was trained on.
    """
    from tidebook.forecasting.predict import predict

    named = isinstance(data, str | Path)
    try:
        spec = ForecastSpec(model=model, dataset=str(data) if named else None, future=tuple(_rows(future)), **request)
    except ValidationError as error:
        raise readable(error, tuple(ForecastSpec.model_fields)) from error
    return predict(spec, _settings(home), source=None if named else data, save=save)


def _settings(home: Path | str | None) -> Settings:
    return Settings() if home is None else Settings(home=Path(home))


def _mapping(mapping: ColumnMapping | Mapping[str, Any] | None) -> ColumnMapping | None:
    if mapping is None or isinstance(mapping, ColumnMapping):
        return mapping
    return ColumnMapping.model_validate(dict(mapping))


def _rows(future: Any) -> Iterable[dict[str, Any]]:
    if hasattr(future, "to_dicts"):
        return list(future.to_dicts())
    if hasattr(future, "to_dict"):
        return list(future.to_dict("records"))
    return [dict(row) for row in future]
