"""`tidebook pull`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tidebook.cli.files.options import Center, Exclude, Include, Json, Model, Version
from tidebook.cli.words import words


def pull(
    model: Model,
    version: Version,
    folder: Annotated[Path, typer.Argument(help=words("pull_folder"), metavar="FOLDER")] = Path(),
    include: Include = None,
    exclude: Exclude = None,
    center: Center = None,
    json: Json = False,
) -> None:
    """Brings files from the central store into a folder; only what differs moves, and each is verified."""
    from tidebook.cli.files.moving import moving, report
    from tidebook.cli.files.options import pipe_of

    pipe = pipe_of(model, version, center)
    with moving() as progress:
        result = pipe.pull_dir(folder, include, exclude, progress=progress)
    report([result], "pulled", as_json=json)
