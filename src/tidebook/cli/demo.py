"""`tidebook demo`: the main job on generated data."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tidebook.cli.words import words

FILE = "timeseries_training_data_sample_10s50p.parquet"
HYPERPARAMETERS = {"hidden_size": 64, "num_layers": 1, "epochs": 6, "batch_size": 64}
HORIZON = 28


def demo(
    serve: Annotated[bool, typer.Option(help=words("demo_serve"))] = True,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help=words("port"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Makes demo data, trains product P001, publishes it, forecasts four weeks, and serves."""
    from tidebook.cli import forecast as forecast_command
    from tidebook.cli import train as train_command
    from tidebook.cli.output import console, print_json
    from tidebook.core.settings import Settings
    from tidebook.forecasting.predict import predict
    from tidebook.specs import ForecastSpec, TrainSpec

    settings = Settings()
    dataset = _dataset(settings)
    spec = TrainSpec(
        dataset=dataset,
        training_mode="product",
        product_ids=("P001",),
        model_type="lstm",
        hyperparameters=HYPERPARAMETERS,
        known_future=("promo",),
    )
    result = train_command.run(spec, settings)
    prediction = predict(
        ForecastSpec(model="product/P001_all/lstm", version="latest", horizon=HORIZON, future=_plan(dataset, settings)),
        settings,
    )
    if json:
        print_json({"train": result.to_json(), "forecast": prediction})
    else:
        train_command.show(result)
        forecast_command.show(prediction)
        console.print()
    if serve:
        from tidebook.cli.serve import serve as run_serve

        run_serve(port=port)


def _dataset(settings: Any) -> str:
    """The id of the demo dataset, generated and registered the first time."""
    from tidebook.cli.output import errors
    from tidebook.data.demo import generate
    from tidebook.data.mapping import ColumnMapping
    from tidebook.data.register import register
    from tidebook.records import dataset as records

    path = (settings.home / "data" / FILE).absolute()
    for record in records.all(settings):
        if record.path == str(path) and path.exists():
            return str(record.id)
    with errors.status(words("demo_data")):
        generate(path)
        record = register(path, name=FILE, mapping=ColumnMapping(country="CN"), settings=settings, uploaded=False)
    return str(record.id)


def _plan(dataset: str, settings: Any) -> tuple[dict[str, Any], ...]:
    """The promotions of the coming weeks: five days from the second Thursday on."""
    from datetime import date, timedelta

    from tidebook.records import dataset as records

    last = date.fromisoformat(str(records.load(settings, dataset).last_date))
    days = [last + timedelta(days=i + 1) for i in range(HORIZON)]
    first = next(day for day in days[7:] if day.weekday() == 3)
    return tuple({"date": str(day), "promo": int(0 <= (day - first).days < 5)} for day in days)
