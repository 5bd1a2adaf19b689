"""`tidebook push`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tidebook.cli.files.options import Center, Json, Model, Version
from tidebook.cli.words import words


def push(
    model: Model,
    version: Version,
    paths: Annotated[list[Path], typer.Argument(help=words("push_paths"), metavar="PATH…")],
    subdir: Annotated[str | None, typer.Option(help=words("subdir"))] = None,
    move: Annotated[bool, typer.Option("--move", help=words("move"))] = False,
    center: Center = None,
    json: Json = False,
) -> None:
    """Brings files and folders to the central store; only what differs moves."""
    from tidebook.cli.files.moving import moving, report
    from tidebook.cli.files.options import pipe_of
    from tidebook.core.errors import InvalidInput
    from tidebook.store.sources import check_distinct

    pipe = pipe_of(model, version, center)
    check_distinct(paths)
    results = []
    with moving() as progress:
        for path in paths:
            bring = pipe.import_dir if path.is_dir() else pipe.import_file
            results.append(bring(path, subdir, move, progress=progress))
    if not any(result.entries or result.failed for result in results):
        raise InvalidInput(
            "What is pushed must hold a file",
            got=f"nothing but hidden files, if any, in {', '.join(map(str, paths))}",
            fix="Name a file, or a folder that has some; hidden ones stay out.",
        )
    report(results, "pushed", as_json=json)
