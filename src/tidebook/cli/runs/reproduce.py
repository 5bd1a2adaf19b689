"""`tidebook runs reproduce`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tidebook.cli.words import words

if TYPE_CHECKING:
    from tidebook.jobs.reproduce import Reproduction

DIFFERENT = 1  #: the exit code where the result is another


def reproduce(
    run: Annotated[str, typer.Argument(help=words("run_name"))],
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Trains a run again from its record; exit code 1 where the result is not equal."""
    from tidebook.cli.output import print_json
    from tidebook.cli.progress import watching
    from tidebook.cli.runs.finding import find
    from tidebook.core.settings import Settings
    from tidebook.jobs.reproduce import reproduce as train_again

    folder = find(run)
    with watching() as watch:
        result = train_again(folder.name, Settings(), out=folder.parent, watch=watch)
    if json:
        print_json(result.to_json())
    else:
        _show(result)
    raise typer.Exit(0 if result.equal else DIFFERENT)


def _show(result: Reproduction) -> None:
    from tidebook.cli.output import console, print_table

    if result.equal:
        console.print(
            f"✓ {words('reproduced', run=result.run_name)}", style="bold green", highlight=False, markup=False
        )
    else:
        console.print(
            f"✗ {words('not_reproduced', run=result.run_name)}", style="bold red", highlight=False, markup=False
        )
        other = {name: pair for name, pair in result.metrics.items() if pair[0] != pair[1]}
        print_table([words("metric"), words("before"), words("now")], [[name, *pair] for name, pair in other.items()])
    if result.differences:
        console.print(words("differences"), highlight=False)
        rows = [[each.name, str(each.before), str(each.now)] for each in result.differences]
        print_table([words("what"), words("before"), words("now")], rows)
    console.print(words("run_in", folder=result.new_run), highlight=False, markup=False)
