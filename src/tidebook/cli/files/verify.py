"""`tidebook verify`."""

from __future__ import annotations

import typer

from tidebook.cli.files.options import Center, Json, Model, Version
from tidebook.cli.words import words


def verify(model: Model, version: Version, center: Center = None, json: Json = False) -> None:
    """Reads every file of a version again, and says which are not as their digests say."""
    from tidebook.cli.files.options import pipe_of
    from tidebook.cli.output import console, print_json, said

    pipe = pipe_of(model, version, center)
    faults = pipe.verify()
    if json:
        print_json({"faults": faults})
    else:
        for fault in faults:
            console.print(f"✗ {said(fault)}", style="red", markup=False, highlight=False)
        if not faults:
            console.print(words("verified", count=len(pipe.entries())), highlight=False)
    if faults:
        raise typer.Exit(1)
