"""`tidebook runs compare`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidebook.cli.words import words

if TYPE_CHECKING:
    from rich.text import Text

BESIDE = 4  #: runs that stand side by side; more of them stand below each other


def compare(
    runs: Annotated[list[str] | None, typer.Argument(help=words("run_names"))] = None,
    where: Annotated[str | None, typer.Option(help=words("where"))] = None,
    everything: Annotated[bool, typer.Option("--all", help=words("compare_all"))] = False,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Runs side by side: the parameters that differ, and all metrics with the best of each."""
    from tidebook.cli.output import console, print_json
    from tidebook.cli.runs.finding import chosen
    from tidebook.runs.compare import compare as put_together
    from tidebook.runs.record import summary

    items = [summary(folder) for folder in chosen(runs or [], where)]
    compared = put_together(items)
    if json:
        print_json({"runs": items, **compared})
        return
    if not items:
        console.print(words("no_such_runs"))
        return
    equal = sum(not row["changed"] for row in compared["params"])
    params = [row for row in compared["params"] if everything or row["changed"]]
    tags = [row for row in compared["tags"] if everything or row["changed"]]
    _print([item["run_name"] for item in items], [*params, *tags], compared["metrics"])
    if equal and not everything:
        console.print(words("equal_parameters", count=equal), style="dim", highlight=False)


def _print(names: Sequence[str], plain: Sequence[Mapping[str, Any]], metrics: Sequence[Mapping[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from tidebook.cli.output import console, harmless

    rows = [
        [Text(harmless(row["name"]), "cyan"), *(_cell(value, best=False) for value in row["values"])] for row in plain
    ]
    rows += [
        [
            Text(harmless(row["name"])),
            *(_cell(value, best=place == row["best"]) for place, value in enumerate(row["values"])),
        ]
        for row in metrics
    ]
    head = [Text(""), *(Text(harmless(name)) for name in names)]
    grid = [head, *rows]
    if len(names) > BESIDE:
        grid = [list(column) for column in zip(*grid, strict=True)]
    table = Table(box=None, header_style="bold", pad_edge=False)
    for cell in grid[0]:
        table.add_column(cell, overflow="fold")
    for cells in grid[1:]:
        table.add_row(*cells)
    console.print(table)


def _cell(value: object, *, best: bool) -> Text:
    from rich.text import Text

    from tidebook.cli.output import harmless

    if value is None:
        return Text("–", "dim")
    text = f"{value:.6g}" if isinstance(value, float) else harmless(str(value))
    return Text(f"{text} ★" if best else text, "bold green" if best else "")
