"""`tidebook reindex`."""

from __future__ import annotations

from typing import Annotated

import typer

from tidebook.cli.words import words


def reindex(json: Annotated[bool, typer.Option("--json", help=words("json"))] = False) -> None:
    """Makes the lists of runs, versions, forecasts and datasets again from the files."""
    from dataclasses import asdict

    from tidebook.catalog.reindex import reindex as make_again
    from tidebook.cli.catalog import opened
    from tidebook.cli.output import console, print_json, said
    from tidebook.core.settings import Settings

    with opened() as database:
        made = make_again(database, Settings())
    if json:
        print_json(asdict(made))
    else:
        console.print(words("reindexed", **{**asdict(made), "seconds": f"{made.seconds:.1f}"}))
        if made.adopted:
            console.print(words("reindex_adopted", count=made.adopted), highlight=False)
        for what in made.passed_over:
            console.print(words("reindex_passed_over", what=said(what)), highlight=False, markup=False)
