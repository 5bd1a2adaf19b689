"""`tidebook train`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidebook.cli.words import language, words

if TYPE_CHECKING:
    from tidebook.jobs.train import TrainResult

Ids = Annotated[list[str] | None, typer.Option(help=words("ids"))]


def train(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help=words("dataset"))],
    mode: Annotated[str, typer.Option(help=words("mode"))] = "product",
    product: Annotated[list[str] | None, typer.Option(help=words("product"))] = None,
    store: Annotated[list[str] | None, typer.Option(help=words("store"))] = None,
    aggregation: Annotated[str | None, typer.Option(help=words("aggregation"))] = None,
    algorithm: Annotated[str, typer.Option(help=words("algorithm"))] = "lstm",
    known_future: Annotated[list[str] | None, typer.Option(help=words("known_future"))] = None,
    product_column: Annotated[str | None, typer.Option(help=words("product_column"))] = None,
    store_column: Annotated[str | None, typer.Option(help=words("store_column"))] = None,
    date_column: Annotated[str | None, typer.Option(help=words("date_column"))] = None,
    target_column: Annotated[str | None, typer.Option(help=words("target_column"))] = None,
    country: Annotated[str | None, typer.Option(help=words("country"))] = None,
    train_start_date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help=words("start"))] = None,
    train_end_date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help=words("end"))] = None,
    validation_days: Annotated[int, typer.Option(help=words("validation_days"))] = 28,
    test_days: Annotated[int, typer.Option(help=words("test_days"))] = 28,
    folds: Annotated[int, typer.Option(help=words("folds"))] = 1,
    stride: Annotated[int | None, typer.Option(help=words("stride"))] = None,
    refit: Annotated[bool, typer.Option("--refit", help=words("refit"))] = False,
    interval: Annotated[list[float] | None, typer.Option(help=words("interval"))] = None,
    seed: Annotated[int, typer.Option(help=words("seed"))] = 0,
    device: Annotated[str, typer.Option(help=words("device"))] = "auto",
    publish: Annotated[bool, typer.Option(help=words("publish"))] = True,
    project: Annotated[str, typer.Option(help=words("in_project"))] = "default",
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Trains a model and publishes it."""
    from pydantic import ValidationError

    from tidebook.algorithms.catalogue import described
    from tidebook.cli.flags import parse_flags
    from tidebook.cli.output import print_json
    from tidebook.core.settings import Settings
    from tidebook.data.mapping import ColumnMapping
    from tidebook.specs import TrainSpec
    from tidebook.specs.faults import readable

    settings = Settings()
    columns = {
        "product": product_column,
        "store": store_column,
        "date": date_column,
        "target": target_column,
        "country": country,
        "known_future": known_future,
    }
    stated = {name: value for name, value in columns.items() if value}
    is_file = Path(dataset).exists()
    try:
        spec = TrainSpec.model_validate(
            {
                "dataset": dataset,
                "training_mode": mode,
                "product_ids": product or (),
                "store_ids": store or (),
                "aggregation_method": aggregation,
                "model_type": algorithm,
                "hyperparameters": parse_flags(context.args, algorithm, described(settings)),
                "known_future": None if known_future is None else tuple(known_future),
                "train_start_date": train_start_date.date() if train_start_date else None,
                "train_end_date": train_end_date.date() if train_end_date else None,
                "validation_days": validation_days,
                "test_days": test_days,
                "folds": folds,
                "stride": stride,
                "refit": refit,
                **({"intervals": [level for level in interval if level]} if interval else {}),
                "seed": seed,
                "device": device,
                "publish": publish,
                "project": project,
                "mapping": ColumnMapping.model_validate(stated) if stated and is_file else None,
            }
        )
    except ValidationError as error:
        raise readable(error) from error
    result = run(spec, settings)
    if json:
        print_json(result.to_json())
    else:
        show(result)


def run(spec: Any, settings: Any) -> TrainResult:
    """Trains with a progress bar on standard error."""
    from tidebook.cli.progress import watching
    from tidebook.jobs.train import train as train_model

    with watching() as watch:
        return train_model(spec, settings, watch=watch)


def show(result: TrainResult) -> None:
    """The result beside the naive forecasts."""
    from tidebook.cli.output import console, print_table

    names = ["wape", "mae", "rmse", "smape", "mase"]
    rows = [[words("this_model"), *(result.metrics.get(name) for name in names)]]
    rows += [
        [words("naive", days=name.rsplit("_", 1)[-1]), *(metrics.get(name_) for name_ in names)]
        for name, metrics in result.baseline.items()
    ]
    print_table([words("held_out"), *(name.upper() for name in names)], rows)
    show_quality(result)
    show_table(result.table)
    naive = min((metrics["wape"] for metrics in result.baseline.values()), default=None)
    if naive is not None and not result.metrics["wape"] < naive:
        console.print(words("loses"), style="yellow", highlight=False)
    if result.version:
        console.print(words("published", version=result.version), highlight=False)
    console.print(words("run_in", folder=result.run_folder), highlight=False)


def show_quality(result: TrainResult) -> None:
    """What the forecast gains over the naive one, and how often its intervals held."""
    from tidebook.cli.output import console

    if result.skill is not None and result.skill > 0:
        console.print(words("skill", percent=100 * result.skill), highlight=False)
    for entry in result.coverage:
        if entry["observed"] is not None:
            console.print(words("coverage", **{**entry, "observed": 100 * entry["observed"]}), highlight=False)


def show_table(table: Sequence[Mapping[str, Any]]) -> None:
    """The models that a composite was chosen from or is made of, if there are any."""
    from tidebook.cli.output import console, print_table

    if not table:
        return
    console.print()
    print_table(
        [words(name) for name in ("tried", "validation_wape", "weight", "seconds", "remark")],
        [
            [
                entry["model_type"],
                entry["validation_wape"],
                entry["weight"],
                entry["seconds"],
                entry["note"][language()] if entry["note"] else "",
            ]
            for entry in table
        ],
    )
    console.print()
