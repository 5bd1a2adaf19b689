"""`tidebook forecast`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tidebook.cli.words import language, words


def forecast(
    model: Annotated[str, typer.Argument(help=words("model"))],
    horizon: Annotated[int, typer.Option(help=words("horizon"))] = 28,
    version: Annotated[str, typer.Option(help=words("which_version"))] = "best",
    product: Annotated[str | None, typer.Option(help=words("product_of_model"))] = None,
    store: Annotated[str | None, typer.Option(help=words("store_of_model"))] = None,
    dataset: Annotated[str | None, typer.Option(help=words("other_dataset"))] = None,
    future: Annotated[Path | None, typer.Option(help=words("future"))] = None,
    csv: Annotated[Path | None, typer.Option(help=words("csv"))] = None,
    png: Annotated[Path | None, typer.Option(help=words("png"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Forecasts with a published version."""
    from pydantic import ValidationError

    from tidebook.cli.output import console, print_json
    from tidebook.core.files import write_bytes
    from tidebook.core.settings import Settings
    from tidebook.forecasting.predict import predict
    from tidebook.forecasting.table import to_csv
    from tidebook.specs import ForecastSpec
    from tidebook.specs.faults import readable

    settings = Settings()
    try:
        spec = ForecastSpec(
            model=model,
            version=version,
            horizon=horizon,
            product_id=product,
            store_id=store,
            dataset=dataset,
            future=tuple(read_future(future)) if future else (),
        )
    except ValidationError as error:
        raise readable(error) from error
    result = predict(spec, settings)
    if csv:
        write_bytes(csv, to_csv(result).encode("utf-8-sig"))
    if png:
        from tidebook.forecasting.chart import draw

        write_bytes(png, draw(settings, result["id"]).read_bytes())
    if json:
        print_json(result)
        return
    show(result)
    console.print(words("saved", path=settings.saved_predictions / f"{result['id']}.json"), highlight=False)


def read_future(path: Path) -> list[dict[str, Any]]:
    """The rows of known covariates in a CSV or Parquet file."""
    from tidebook.data.sources import open_source

    return open_source(path).scan().collect().to_dicts()


def show(result: dict[str, Any], days: int = 14) -> None:
    """A table of the first days, of up to four series and their total, and what the analysis says.

    Of a total the narrowest interval is shown, in place of two of the series; of a single series all intervals.
    """
    from tidebook.cli.output import console, print_table

    total = result["total"]
    intervals = total.get("intervals", [])[:1] if total else result["series"][0].get("intervals", [])
    series = result["series"][: 2 if total and intervals else 4]
    columns = [(entry["label"], entry["prediction"]["values"]) for entry in series]
    if total:
        columns.append((words("total", series=len(result["series"])), total["prediction"]["values"]))
    columns += [(words(side, level=one["level"]), one[side]) for one in intervals for side in ("lower", "upper")]
    dates = result["series"][0]["prediction"]["dates"]
    rows = [[day, *(values[i] for _, values in columns)] for i, day in enumerate(dates[:days])]
    console.print(result["model"]["description"], style="bold", highlight=False, markup=False)
    print_table([words("date"), *(name for name, _ in columns)], rows)
    if len(dates) > days:
        console.print(words("more_days", days=len(dates) - days), style="dim", highlight=False)
    for text in result["analysis"]["sentences"][language()]:
        console.print(f"· {text}", highlight=False, markup=False)
    for warning in result["warnings"]:
        console.print(f"! {warning[language()]}", style="yellow", highlight=False, markup=False)
