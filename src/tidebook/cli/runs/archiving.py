"""`tidebook runs archive | unarchive`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.words import words


def archive(
    runs: Annotated[list[str] | None, typer.Argument(help=words("run_names"))] = None,
    where: Annotated[str | None, typer.Option(help=words("where"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Leaves runs out of lists; nothing is deleted."""
    _mark(runs or [], where, archived=True, json=json)


def unarchive(
    runs: Annotated[list[str] | None, typer.Argument(help=words("run_names"))] = None,
    where: Annotated[str | None, typer.Option(help=words("where"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Brings archived runs back into lists."""
    _mark(runs or [], where, archived=False, json=json)


def _mark(runs: list[str], where: str | None, *, archived: bool, json: bool) -> None:
    from tidebook.cli.output import console, print_json
    from tidebook.cli.runs.finding import chosen
    from tidebook.records import labels

    only = "not archived" if archived else "archived"
    asked = None if where is None else f"({where}) and {only}" if where.strip() else only
    done = [folder.name for folder in chosen(runs, asked) if labels.change(folder, archived=archived)]
    if json:
        print_json({"archived" if archived else "unarchived": done})
        return
    console.print(words("archived_runs" if archived else "unarchived_runs", count=len(done)), highlight=False)
