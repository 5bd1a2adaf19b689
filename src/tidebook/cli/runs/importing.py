"""`tidebook runs import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tidebook.cli.words import words


def import_(
    source: Annotated[str, typer.Argument(help=words("import_source"))],
    experiment: Annotated[list[str] | None, typer.Option(help=words("import_experiment"))] = None,
    json: Annotated[bool, typer.Option("--json", help=words("json"))] = False,
) -> None:
    """Adds the runs of an archive, or of an MLflow server, to the home; those that are there stay as they are."""
    from tidebook.cli.output import console, print_json
    from tidebook.core.settings import Settings

    out = Settings().out
    if source.startswith(("http://", "https://")):
        from tidebook.integrations.mlflow import MLflowServer, import_runs

        with MLflowServer(source) as server:
            taken = import_runs(server, out, experiments=experiment)
        imported, present, unfinished = taken.runs, taken.present, taken.unfinished
    else:
        from tidebook.runs.archive import unpack

        unpacked = unpack(Path(source), out)
        imported, present, unfinished = unpacked.runs, unpacked.present, []
    if json:
        print_json({"imported": imported, "present": present, "unfinished": unfinished})
        return
    console.print(words("imported", count=len(imported), present=len(present)), highlight=False)
    if unfinished:
        console.print(words("unfinished", count=len(unfinished)), highlight=False)
