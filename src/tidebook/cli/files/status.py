"""`tidebook status`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tidebook.cli.files.options import Center, Json, Model, Version
from tidebook.cli.words import words


def status(
    model: Model,
    version: Version,
    folder: Annotated[Path, typer.Argument(help=words("status_folder"), metavar="FOLDER")] = Path(),
    center: Center = None,
    json: Json = False,
) -> None:
    """How a folder differs from a version in the central store."""
    from tidebook.cli.files.options import pipe_of
    from tidebook.cli.output import console, harmless, print_json
    from tidebook.store import comparing

    found = comparing.status(pipe_of(model, version, center), folder)
    if json:
        print_json(asdict(found))
        return
    rows = [
        *(("+", path, "green") for path in found.new),
        *(("~", path, "yellow") for path in found.changed),
        *(("-", path, "red") for path in found.missing),
        *(("!", f"{path} ({what})", "magenta") for path, what in sorted(found.refused.items())),
    ]
    for sign, path, style in sorted(rows, key=lambda row: row[1]):
        console.print(f"{sign} {harmless(path)}", style=style, markup=False, highlight=False)
    counts = {"new": len(found.new), "changed": len(found.changed), "missing": len(found.missing), "same": found.same}
    console.print(words("status_counts", **counts), highlight=False)
