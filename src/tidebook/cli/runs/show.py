"""`tidebook runs show`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from tidebook.cli.words import words

_PLAIN = ("status", "reason", "project", "owner", "description", "model_type", "stock_symbol", "dataset", "version",
          "created", "duration", "task_id", "notes", "folder")  # fmt: skip


def show(
    run: Annotated[str, typer.Argument(help=words("run_name"))],
    log: Annotated[int, typer.Option(min=0, help=words("log_lines"))] = 10,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """One run: status, metrics, parameters, and the end of its log."""
    from tidebook.cli.output import console, harmless, print_json, print_table, said
    from tidebook.cli.runs.finding import find
    from tidebook.cli.runs.listing import value
    from tidebook.cli.runs.tail import last_lines
    from tidebook.runs.record import summary

    folder = find(run)
    item = summary(folder)
    if json:
        more, problems = _more(folder)
        print_json(item | more | {"problems": list(dict.fromkeys([*item["problems"], *problems]))})
        return
    console.print(item["run_name"], style="bold", highlight=False, markup=False)
    facts = [(words(f"run_{name}"), value(item, name)) for name in _PLAIN]
    tags = ", ".join(f"{key}={text}" for key, text in item["tags"].items())
    rows = [*facts, (words("tags"), tags)]
    print_table([words("field"), words("value")], [row for row in rows if row[1] not in (None, "")])
    for title, values in (("metric", item["metrics"]), ("parameter", item["params"])):
        if values:
            print_table([words(title), words("value")], _sorted(values.items()))
    for problem in item["problems"]:
        console.print(f"! {said(problem)}", style="yellow", highlight=False, markup=False)
    for line in last_lines(folder / "logs" / "training.log", log)[0]:
        console.print(harmless(line), highlight=False, markup=False, style="dim")


def _more(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """What only the details show, and what is wrong with it."""
    from tidebook.runs import checkpoints
    from tidebook.runs.record import read_object

    problems: list[str] = []
    files = {
        "config": folder / "config.json",
        "context": folder / "context.json",
        "eval_results": folder / "results" / "eval_results.json",
    }
    more = {
        **{name: read_object(path, problems) if path.exists() else {} for name, path in files.items()},
        "checkpoints": checkpoints.epochs(folder / "checkpoints"),
        "best": checkpoints.best_metrics(folder / "checkpoints") or None,
    }
    return more, problems


def _sorted(items: Iterable[tuple[str, Any]]) -> list[tuple[str, object]]:
    return sorted((name, str(value) if isinstance(value, bool) else value) for name, value in items)
