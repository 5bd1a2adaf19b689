"""The arguments that these commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tidebook.cli.words import words

if TYPE_CHECKING:
    from tidebook.store.pipe import FilePipe

Model = Annotated[str, typer.Argument(help=words("file_model"), metavar="MODEL")]
Version = Annotated[str, typer.Argument(help=words("file_version"), metavar="VERSION")]
Center = Annotated[str | None, typer.Option(help=words("center"))]
Json = Annotated[bool, typer.Option("--json", help=words("json"))]
Include = Annotated[str | None, typer.Option(help=words("include_pattern"))]
Exclude = Annotated[str | None, typer.Option(help=words("exclude_pattern"))]


def pipe_of(model: str, version: str, center: str | None) -> FilePipe:
    """The files of a version, at `--center` or where the settings say."""
    from tidebook.store.model_file import ModelFile

    return ModelFile(model, version, center).filepipe()
