"""`tidebook models compare`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from tidebook.cli.words import words

_SIGNS = {"same": "=", "changed": "~", "added": "+", "removed": "-"}


def compare(
    a: Annotated[str, typer.Argument(help=words("address_or_alias"), metavar="A")],
    b: Annotated[str, typer.Argument(help=words("address_or_alias"), metavar="B")],
    everything: Annotated[bool, typer.Option("--all", help=words("show_equal"))] = False,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """What changed from one version to another: files, hyper-parameters, metrics, data and code."""
    from tidebook.cli.models.opening import manager, version_at
    from tidebook.cli.output import console, print_json, print_table, size_of, time_of

    models = manager()
    compared = models.compare(version_at(models, a), version_at(models, b))
    if json:
        print_json(compared)
        return
    names = [compared["a"]["version"], compared["b"]["version"]]
    if compared["a"]["identifier"] != compared["b"]["identifier"]:
        names = [compared["a"]["address"], compared["b"]["address"]]

    def sized(count: int | None) -> str | None:
        return None if count is None else size_of(count)

    metrics = [
        [row["name"], _starred(row, "a"), _starred(row, "b"), row["difference"]]
        for row in compared["metrics"]
        if everything or row["difference"] != 0
    ]
    if metrics:
        print_table([words("metric"), *names, words("difference")], metrics)
    forms: dict[str, Callable[[Any], str | None]] = {"size": sized, "made": time_of}
    facts = [
        {
            **row,
            "name": words(f"fact_{row['name']}"),
            **({side: form(row[side]) for side in "ab"} if (form := forms.get(row["name"])) else {}),
        }
        for row in compared["facts"]
    ]
    for title, rows in ((words("flag"), compared["hyperparameters"]), (words("fact"), facts)):
        shown = [[row["name"], row["a"], row["b"]] for row in rows if everything or row["changed"]]
        if shown:
            print_table([title, *names], shown)
    files = [
        [_SIGNS[row["status"]], row["path"], sized(row["a_size"]), sized(row["b_size"])]
        for row in compared["files"]
        if everything or row["status"] != "same"
    ]
    if files:
        print_table(["", words("file"), *names], files)
    rows = (*compared["hyperparameters"], *compared["facts"])
    if not (metrics or files or any(row["changed"] for row in rows)):
        console.print(words("nothing_differs"), highlight=False)
    equal = sum(not row["changed"] for row in rows)
    if equal and not everything:
        console.print(words("equal_values", count=equal), style="dim", highlight=False)


def _starred(row: dict[str, Any], side: str) -> str | float | None:
    from tidebook.cli.output import number

    value: float | None = row[side]
    return f"{number(value)} ★" if row["better"] == side and value is not None else value
