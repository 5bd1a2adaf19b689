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
    force: Annotated[bool, typer.Option("--force", help=words("force_pull"))] = False,
    center: Center = None,
    json: Json = False,
) -> None:
    """Brings files from the central store into a folder; only what differs moves, and each is verified.

    Where files in the folder have other content, nothing is brought, unless it is to be replaced by force.
    """
    from tidebook.cli.files.moving import moving, named, report
    from tidebook.cli.files.options import pipe_of
    from tidebook.core.errors import Conflict

    pipe = pipe_of(model, version, center)
    others = [] if force else pipe.replaced_by_pull(folder, include, exclude)
    if others:
        raise Conflict(
            "Files in a folder must not be replaced by others without force",
            got=f"{named(others)} in {folder}",
            fix="Use --force to replace them, or pull into another folder.",
            paths=others,
        )
    with moving() as progress:
        result = pipe.pull_dir(folder, include, exclude, progress=progress)
    report([result], "pulled", as_json=json)
